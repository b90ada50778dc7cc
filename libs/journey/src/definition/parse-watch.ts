import {
  at,
  type JsonObject,
  type Mistakes,
  readChoice,
  readObject,
  readPath,
  readSelector,
} from '@percorso/segmentation';
import type { AudienceWatch, EventWatch, Reaction, Watch } from './definition';
import { readId, readStepId } from './written';

/** {name, where?, key?}. */
export function readEventWatch(value: unknown, pointer: string, mistakes: Mistakes): EventWatch | undefined {
  const source = readObject(value, pointer, ['name', 'where', 'key'], mistakes);
  if (!source) return undefined;
  const events = readSelector(source, pointer, mistakes);
  events?.where.forEach(({ lookup }, index) => {
    if (!lookup) return;
    const message = 'cannot be of an item of a lookup: an event that is watched for is looked at by itself';
    mistakes.add(at(at(pointer, 'where'), index), 'lookup', message);
  });
  const key = source.key === undefined ? undefined : readPath(source.key, at(pointer, 'key'), mistakes);
  return events && { ...events, ...(key === undefined ? {} : { key }) };
}

/** {id, on}. */
export function readAudienceWatch(
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
): AudienceWatch | undefined {
  const source = readObject(value, pointer, ['id', 'on'], mistakes);
  if (!source) return undefined;
  const id = readId(source.id, 'an audience', at(pointer, 'id'), mistakes);
  const on = readChoice(source.on, ['enter', 'exit'], at(pointer, 'on'), mistakes);
  return id === undefined || on === undefined ? undefined : { id, on };
}

const REACTIONS = ['delivered', 'opened', 'clicked', 'bounced', 'complained', 'unsubscribed'] as const;

function readReaction(value: unknown, pointer: string, mistakes: Mistakes): Reaction | undefined {
  const source = readObject(value, pointer, ['to', 'is'], mistakes);
  if (!source) return undefined;
  const to = readStepId(source.to, at(pointer, 'to'), mistakes);
  const is = readChoice(source.is, REACTIONS, at(pointer, 'is'), mistakes);
  return to === undefined || is === undefined ? undefined : { reaction: { to, is } };
}

const READ = {
  event: (value: unknown, pointer: string, mistakes: Mistakes): Watch | undefined => {
    const event = readEventWatch(value, pointer, mistakes);
    return event && { event };
  },
  audience: (value: unknown, pointer: string, mistakes: Mistakes): Watch | undefined => {
    const audience = readAudienceWatch(value, pointer, mistakes);
    return audience && { audience };
  },
  reaction: readReaction,
};

export const WATCHES = ['event', 'audience'] as const;
export const ARM_WATCHES = [...WATCHES, 'reaction'] as const;

/** The one of `kinds` that an object has, its other fields left aside. */
export function readWatch<K extends keyof typeof READ>(
  source: JsonObject,
  kinds: readonly K[],
  pointer: string,
  mistakes: Mistakes,
): NonNullable<ReturnType<(typeof READ)[K]>> | undefined {
  const [kind, more] = kinds.filter((one) => one in source);
  if (kind === undefined || more !== undefined) {
    return mistakes.add(pointer, 'choice', `must have exactly one of ${kinds.join(', ')}`);
  }
  return READ[kind](source[kind], at(pointer, kind), mistakes) as NonNullable<ReturnType<(typeof READ)[K]>>;
}
