import {
  at,
  type JsonObject,
  type Mistakes,
  parseDate,
  readDuration,
  readList,
  readObject,
  readZone,
} from '@percorso/segmentation';
import type { AwaitArm, AwaitStep, LocalTime, WaitStep, WaitUntil } from './definition';
import { ARM_WATCHES, readWatch } from './parse-watch';
import { LIMITS, noteRepeated, optional, readContextName, readExpression, readStepId } from './written';

export const CLOCK_TIME = '^([01][0-9]|2[0-3]):[0-5][0-9]$';
const WEEK = [1, 2, 3, 4, 5, 6, 7];
const KINDS = ['for', 'at', 'jsonata', 'time'] as const;

/** {for}, {at}, {jsonata} or {time, weekdays?, zone?}. */
export function readWait(value: unknown, pointer: string, mistakes: Mistakes): WaitStep | undefined {
  const timed = typeof value === 'object' && value !== null && 'time' in value;
  const source = readObject(value, pointer, [...KINDS, ...(timed ? ['weekdays', 'zone'] : [])], mistakes);
  if (!source) return undefined;
  const [kind, more] = KINDS.filter((one) => one in source);
  if (kind === undefined || more !== undefined) {
    return mistakes.add(pointer, 'choice', `must have exactly one of ${KINDS.join(', ')}`);
  }
  const until = UNTIL[kind](source, pointer, mistakes);
  return until && { kind: 'wait', until };
}

const UNTIL = {
  for: (source, pointer, mistakes) => {
    const ms = readDuration(source.for, at(pointer, 'for'), mistakes);
    return ms === undefined ? undefined : { for: ms };
  },
  at: (source, pointer, mistakes) => {
    const ms = typeof source.at === 'string' ? parseDate(source.at) : undefined;
    if (ms !== undefined) return { at: ms };
    return mistakes.add(
      at(pointer, 'at'),
      'date',
      "must be a date such as '2026-12-24' or '2026-12-24T18:00:00Z'",
    );
  },
  jsonata: (source, pointer, mistakes) => {
    const jsonata = readExpression(source.jsonata, at(pointer, 'jsonata'), mistakes);
    return jsonata === undefined ? undefined : { jsonata };
  },
  time: (source, pointer, mistakes) => {
    const time = readClockTime(source.time, at(pointer, 'time'), mistakes);
    const weekdays = readWeekdays(source.weekdays, at(pointer, 'weekdays'), mistakes);
    const zone = optional(source.zone, undefined, () => readZone(source.zone, at(pointer, 'zone'), mistakes));
    return time && weekdays && { time, weekdays, ...(zone && { zone }) };
  },
} satisfies Record<
  (typeof KINDS)[number],
  (source: JsonObject, pointer: string, mistakes: Mistakes) => WaitUntil | undefined
>;

function readClockTime(value: unknown, pointer: string, mistakes: Mistakes): LocalTime | undefined {
  if (typeof value === 'string' && new RegExp(CLOCK_TIME).test(value)) {
    return { hour: Number(value.slice(0, 2)), minute: Number(value.slice(3)) };
  }
  return mistakes.add(pointer, 'time', "must be what a clock shows, '00:00' to '23:59'");
}

function readWeekdays(value: unknown, pointer: string, mistakes: Mistakes): number[] | undefined {
  if (value === undefined) return WEEK;
  const days = readList(value, pointer, mistakes, WEEK.length)?.map((day, index) =>
    WEEK.includes(day as number)
      ? (day as number)
      : mistakes.add(at(pointer, index), 'range', 'must be 1 (Monday) to 7 (Sunday)'),
  );
  noteRepeated(days ?? [], (index) => at(pointer, index), mistakes);
  return days?.filter((day) => day !== undefined).sort();
}

/** {any, timeout?}. */
export function readAwait(value: unknown, pointer: string, mistakes: Mistakes): AwaitStep | undefined {
  const source = readObject(value, pointer, ['any', 'timeout'], mistakes);
  if (!source) return undefined;
  const place = at(pointer, 'any');
  const arms = readList(source.any, place, mistakes, LIMITS.arms)?.map((arm, index) =>
    readArm(arm, at(place, index), mistakes),
  );
  noteRepeated(arms?.map((arm) => arm?.for) ?? [], (index) => at(place, index), mistakes);
  const timeoutMs = optional(source.timeout, undefined, () =>
    readDuration(source.timeout, at(pointer, 'timeout'), mistakes),
  );
  return (
    arms && {
      kind: 'await',
      arms: arms.filter((arm) => arm !== undefined),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    }
  );
}

/** {event | audience | reaction, next?, as?}. */
function readArm(value: unknown, pointer: string, mistakes: Mistakes): AwaitArm | undefined {
  const source = readObject(value, pointer, [...ARM_WATCHES, 'next', 'as'], mistakes);
  if (!source) return undefined;
  const watch = readWatch(source, ARM_WATCHES, pointer, mistakes);
  const next = optional(source.next, undefined, () => readStepId(source.next, at(pointer, 'next'), mistakes));
  const as = optional(source.as, undefined, () => readContextName(source.as, at(pointer, 'as'), mistakes));
  if ('audience' in source && source.as !== undefined) {
    mistakes.add(at(pointer, 'as'), 'no-event', 'a change of an audience has no properties to keep');
  }
  return watch && { for: watch, ...(next && { next }), ...(as && { as }) };
}
