import { isId } from '@percorso/kernel';
import {
  type AudienceLeaf,
  type CalendarLeaf,
  type ConsentLeaf,
  type IdentityLeaf,
  type IdentityTest,
  SAMPLE_PARTS,
  type SampleLeaf,
} from './definition';
import { exactDecimal } from './exact-decimal';
import { MOST_VALUES, readPath } from './parse-test';
import { at, type Mistakes, readChoice, readList, readObject, readText } from './reader';
import { isZone } from './zones';

/** Days a calendar condition may look ahead. */
export const MOST_DAYS = 366;

/** {channel, topic?, is}. */
export function readConsent(value: unknown, pointer: string, mistakes: Mistakes): ConsentLeaf | undefined {
  const source = readObject(value, pointer, ['channel', 'topic', 'is'], mistakes);
  if (!source) return undefined;
  const channel = readText(source.channel, at(pointer, 'channel'), mistakes, 100);
  const topic =
    source.topic === undefined ? undefined : readText(source.topic, at(pointer, 'topic'), mistakes, 100);
  const is = readChoice(source.is, ['granted', 'denied', 'unknown'], at(pointer, 'is'), mistakes);
  if (channel === undefined || is === undefined) return undefined;
  return { kind: 'consent', channel, ...(topic === undefined ? {} : { topic }), is };
}

/** {namespace, op, value?}. */
export function readIdentity(value: unknown, pointer: string, mistakes: Mistakes): IdentityLeaf | undefined {
  const source = readObject(value, pointer, ['namespace', 'op', 'value'], mistakes);
  if (!source) return undefined;
  const namespace = readText(source.namespace, at(pointer, 'namespace'), mistakes, 100);
  const ops = ['exists', 'eq', 'in', 'contains', 'startsWith'] as const;
  const op = readChoice(source.op, ops, at(pointer, 'op'), mistakes);
  const test = op && readIdentityTest(op, source.value, at(pointer, 'value'), mistakes);
  return namespace === undefined || !test ? undefined : { kind: 'identity', namespace, test };
}

function readIdentityTest(
  op: IdentityTest['op'],
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
): IdentityTest | undefined {
  if (op === 'exists') {
    if (value === undefined || typeof value === 'boolean') return { op, exists: value ?? true };
    return mistakes.add(pointer, 'type', 'must be true or false');
  }
  if (op === 'in') {
    const texts = readList(value, pointer, mistakes, MOST_VALUES)?.map((item, index) =>
      readText(item, at(pointer, index), mistakes),
    );
    return texts && { op, texts: texts.filter((text) => text !== undefined) };
  }
  const text = readText(value, pointer, mistakes);
  return text === undefined ? undefined : { op, text };
}

/** {path, in: {from, to}, zone?}. */
export function readCalendar(value: unknown, pointer: string, mistakes: Mistakes): CalendarLeaf | undefined {
  const source = readObject(value, pointer, ['path', 'in', 'zone'], mistakes);
  if (!source) return undefined;
  const path = readPath(source.path, at(pointer, 'path'), mistakes);
  const place = at(pointer, 'in');
  const days = readObject(source.in, place, ['from', 'to'], mistakes);
  const from = days && readDay(days.from, at(place, 'from'), mistakes);
  const to = days && readDay(days.to, at(place, 'to'), mistakes);
  const zone = source.zone === undefined ? undefined : readZone(source.zone, at(pointer, 'zone'), mistakes);
  if (from !== undefined && to !== undefined && from > to) {
    return mistakes.add(place, 'range', 'from must not be after to');
  }
  if (path === undefined || from === undefined || to === undefined) return undefined;
  return { kind: 'calendar', path, from, to, ...(zone && { zone }) };
}

function readDay(value: unknown, pointer: string, mistakes: Mistakes): number | undefined {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST_DAYS) return value;
  const code = value === undefined ? 'required' : typeof value === 'number' ? 'range' : 'type';
  return mistakes.add(pointer, code, `must be a whole number of days, 0 (today) to ${MOST_DAYS}`);
}

/** The name of a zone, or {trait}. */
export function readZone(value: unknown, pointer: string, mistakes: Mistakes): CalendarLeaf['zone'] {
  if (typeof value === 'string') {
    return isZone(value)
      ? { name: value }
      : mistakes.add(pointer, 'zone', "must be an IANA time zone such as 'Europe/Rome', or {trait}");
  }
  const source = readObject(value, pointer, ['trait'], mistakes);
  const trait = source && readPath(source.trait, at(pointer, 'trait'), mistakes);
  return trait === undefined ? undefined : { trait };
}

/** {percent, salt?}. */
export function readSample(value: unknown, pointer: string, mistakes: Mistakes): SampleLeaf | undefined {
  const source = readObject(value, pointer, ['percent', 'salt'], mistakes);
  if (!source) return undefined;
  const share = readShare(source.percent, at(pointer, 'percent'), mistakes);
  const salt = source.salt === undefined ? '' : readText(source.salt, at(pointer, 'salt'), mistakes, 100);
  return share === undefined || salt === undefined ? undefined : { kind: 'sample', share, salt };
}

/** Hundredths of a percent. */
export function readShare(value: unknown, pointer: string, mistakes: Mistakes): number | undefined {
  if (typeof value !== 'number') {
    return mistakes.add(pointer, value === undefined ? 'required' : 'type', 'must be a number');
  }
  // Hundredths are taken from the digits: 0.29 * 100 is not 29.
  const [, whole = '', hundredths = ''] = /^(\d{1,3})(?:\.(\d{1,2}))?$/.exec(exactDecimal(value) ?? '') ?? [];
  const share = Number(whole) * 100 + Number(hundredths.padEnd(2, '0'));
  if (whole !== '' && share >= 1 && share <= SAMPLE_PARTS) return share;
  return mistakes.add(pointer, 'range', 'must be 0.01 to 100, of at most two fraction digits');
}

/** {id}. */
export function readAudience(value: unknown, pointer: string, mistakes: Mistakes): AudienceLeaf | undefined {
  const source = readObject(value, pointer, ['id'], mistakes);
  if (!source) return undefined;
  if (isId(source.id)) return { kind: 'audience', id: source.id };
  const code = source.id === undefined ? 'required' : 'id';
  return mistakes.add(at(pointer, 'id'), code, 'must be the id of an audience, a lower-case UUID');
}
