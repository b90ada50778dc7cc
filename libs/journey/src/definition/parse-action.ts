import {
  at,
  type Mistakes,
  readChoice,
  readDuration,
  readList,
  readObject,
  readText,
} from '@percorso/segmentation';
import type { CallStep, EndStep, JumpStep, SendStep, UpdateStep } from './definition';
import {
  LIMITS,
  LONGEST_NAME,
  noteRepeated,
  optional,
  readExpressions,
  readId,
  readJsonata,
  readPattern,
  TRAIT_NAME,
} from './written';

const USUAL_TIMEOUT_MS = 60_000;

/** {connector, content, priority?}. */
export function readSend(value: unknown, pointer: string, mistakes: Mistakes): SendStep | undefined {
  const source = readObject(value, pointer, ['connector', 'content', 'priority'], mistakes);
  if (!source) return undefined;
  const connectorId = readId(source.connector, 'a connector', at(pointer, 'connector'), mistakes);
  const content = readJsonata(source.content, at(pointer, 'content'), mistakes);
  const priority = optional<SendStep['priority']>(source.priority, 'bulk', () =>
    readChoice(source.priority, ['transactional', 'bulk'], at(pointer, 'priority'), mistakes),
  );
  return connectorId === undefined || !content || !priority
    ? undefined
    : { kind: 'send', connectorId, content, priority };
}

/** {connector, content, into?, timeout?}. */
export function readCall(value: unknown, pointer: string, mistakes: Mistakes): CallStep | undefined {
  const source = readObject(value, pointer, ['connector', 'content', 'into', 'timeout'], mistakes);
  if (!source) return undefined;
  const connectorId = readId(source.connector, 'a connector', at(pointer, 'connector'), mistakes);
  const content = readJsonata(source.content, at(pointer, 'content'), mistakes);
  const into = readExpressions(source.into, at(pointer, 'into'), mistakes);
  const timeoutMs = optional(source.timeout, USUAL_TIMEOUT_MS, () =>
    readDuration(source.timeout, at(pointer, 'timeout'), mistakes),
  );
  if (connectorId === undefined || !content || !into || timeoutMs === undefined) return undefined;
  return { kind: 'call', connectorId, content, into, timeoutMs };
}

/** {traits?, consent?, lists?, context?}: at least one. */
export function readUpdate(value: unknown, pointer: string, mistakes: Mistakes): UpdateStep | undefined {
  const source = readObject(value, pointer, ['traits', 'consent', 'lists', 'context'], mistakes);
  if (!source) return undefined;
  if (Object.keys(source).length === 0) return mistakes.add(pointer, 'empty', 'must say what to write');
  const traits = readExpressions(source.traits, at(pointer, 'traits'), mistakes, readTraitName);
  const consent = readConsents(source.consent, at(pointer, 'consent'), mistakes);
  const lists = readUploads(source.lists, at(pointer, 'lists'), mistakes);
  const context = readExpressions(source.context, at(pointer, 'context'), mistakes);
  return traits && consent && lists && context && { kind: 'update', traits, consent, lists, context };
}

const readTraitName = (value: unknown, pointer: string, mistakes: Mistakes): string | undefined =>
  readPattern(value, TRAIT_NAME, pointer, mistakes, 'the name of a trait');

function readConsents(
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
): UpdateStep['consent'] | undefined {
  if (value === undefined) return [];
  const consents = readList(value, pointer, mistakes, LIMITS.names)?.map((item, index) => {
    const place = at(pointer, index);
    const source = readObject(item, place, ['channel', 'topic', 'is'], mistakes);
    if (!source) return undefined;
    const channel = readText(source.channel, at(place, 'channel'), mistakes, 100);
    const topic = optional(source.topic, undefined, () =>
      readText(source.topic, at(place, 'topic'), mistakes, 100),
    );
    const is = readChoice(source.is, ['granted', 'denied'], at(place, 'is'), mistakes);
    return channel === undefined || !is
      ? undefined
      : { channel, ...(topic === undefined ? {} : { topic }), is };
  });
  const named = consents?.map((one) => one && [one.channel, one.topic]);
  noteRepeated(named ?? [], (index) => at(pointer, index), mistakes);
  return consents?.filter((one) => one !== undefined);
}

function readUploads(value: unknown, pointer: string, mistakes: Mistakes): UpdateStep['lists'] | undefined {
  if (value === undefined) return [];
  const lists = readList(value, pointer, mistakes, LIMITS.names)?.map((item, index) => {
    const place = at(pointer, index);
    const source = readObject(item, place, ['audience', 'op'], mistakes);
    if (!source) return undefined;
    const audienceId = readId(source.audience, 'an audience', at(place, 'audience'), mistakes);
    const op = readChoice(source.op, ['add', 'remove'], at(place, 'op'), mistakes);
    return audienceId === undefined || !op ? undefined : { audienceId, op };
  });
  noteRepeated(lists?.map((one) => one?.audienceId) ?? [], (index) => at(pointer, index), mistakes);
  return lists?.filter((one) => one !== undefined);
}

/** {journey, context?}. */
export function readJump(value: unknown, pointer: string, mistakes: Mistakes): JumpStep | undefined {
  const source = readObject(value, pointer, ['journey', 'context'], mistakes);
  if (!source) return undefined;
  const journeyId = readId(source.journey, 'a journey', at(pointer, 'journey'), mistakes);
  const context = readExpressions(source.context, at(pointer, 'context'), mistakes);
  return journeyId === undefined || !context ? undefined : { kind: 'jump', journeyId, context };
}

/** {reason?}. */
export function readEnd(value: unknown, pointer: string, mistakes: Mistakes): EndStep | undefined {
  const source = readObject(value, pointer, ['reason'], mistakes);
  if (!source) return undefined;
  if (source.reason === undefined) return { kind: 'end' };
  const reason = readText(source.reason, at(pointer, 'reason'), mistakes, LONGEST_NAME);
  return reason === undefined ? undefined : { kind: 'end', reason };
}
