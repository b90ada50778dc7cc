import { createHash } from 'node:crypto';
import jsonata from 'jsonata';
import type { Context, Item } from '../plugin';

/** What `$now`, `$millis`, `$random` and `$shuffle` are bound to: the same moment gives the same, whenever it is asked. */
export interface Moment {
  seed: string;
  at: Date;
}

/** Of an effect, so that every try of it forms the same request; of several, the newest's time. */
export function momentOf(items: readonly Item[], { now }: Pick<Context<unknown>, 'now'>): Moment {
  const times = items.flatMap(({ at }) => (at === undefined ? [] : [Date.parse(at)]));
  const newest = Math.max(...times);
  return {
    seed: items.map(({ key }) => key).join('\n'),
    at: Number.isFinite(newest) ? new Date(newest) : now(),
  };
}

const picture = jsonata('$fromMillis($at, $form, $zone)');

/** JSONata's functions of time and chance, for one evaluation. */
export function boundFunctions({ seed, at }: Moment): Record<string, unknown> {
  const draw = drawer(seed);
  const millis = at.getTime();
  return {
    now: (form?: unknown, zone?: unknown) => picture.evaluate({}, { at: millis, form, zone }),
    millis: () => millis,
    random: () => draw(),
    shuffle: (list: unknown) => (list === undefined ? undefined : shuffled([list].flat(), draw)),
  };
}

/** Numbers from 0 up to 1 that depend on the seed alone. */
function drawer(seed: string): () => number {
  let drawn = 0;
  return () => {
    const bytes = createHash('sha256').update(`${++drawn}\n${seed}`).digest();
    return bytes.readUIntBE(0, 6) / 2 ** 48;
  };
}

function shuffled(list: unknown[], draw: () => number): unknown[] {
  const mixed: unknown[] = [];
  for (const [at, one] of list.entries()) {
    const to = Math.floor(draw() * (at + 1));
    if (to !== at) mixed[at] = mixed[to];
    mixed[to] = one;
  }
  return mixed;
}
