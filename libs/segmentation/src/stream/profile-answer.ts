import { createHash } from 'node:crypto';
import type { FlatValues } from '@percorso/profile';
import { parseDate } from '../definition/date-text';
import {
  type AccountLeaf,
  type CalendarLeaf,
  type ConsentLeaf,
  type IdentityLeaf,
  SAMPLE_PARTS,
  type SampleLeaf,
  type Test,
} from '../definition/definition';
import { isZone } from '../definition/zones';
import type { Answer } from './event-answer';
import type { LookupItems } from './lookup-items';
import { dayNumber, startOfDay, today } from './local-day';
import { dateOf, passes, scalarAt, turnOf } from './scalar';

/** What conditions on the profile itself look at. */
export interface ProfileFacts {
  person: number;
  traits: FlatValues;
  /** channel -> topic -> state; topic `*` is the whole channel. */
  consent: Record<string, Record<string, string>>;
  identities: readonly { namespace: string; value: string }[];
  /** Traits of each group account it belongs to. */
  accounts: readonly FlatValues[];
  /** Audiences whose list names one of its identities. */
  lists: readonly string[];
}

const ALWAYS = Infinity;

export function answerTrait(test: Test, traits: FlatValues, now: number, items?: LookupItems): Answer {
  const value = scalarAt(traits, test.path);
  if (test.lookup) return { holds: items!.pass(test, value, now), due: ALWAYS };
  return { holds: passes(test, traits, now), due: turnOf(test, dateOf(value), now) };
}

export function answerConsent(leaf: ConsentLeaf, { consent }: ProfileFacts): Answer {
  const topics = consent[leaf.channel];
  const channel = topics?.['*'];
  const topic = leaf.topic === undefined ? undefined : topics?.[leaf.topic];
  const denied = channel === 'denied' || topic === 'denied';
  const granted = channel === 'granted' || topic === 'granted';
  return { holds: leaf.is === (denied ? 'denied' : granted ? 'granted' : 'unknown'), due: ALWAYS };
}

export function answerIdentity({ namespace, test }: IdentityLeaf, { identities }: ProfileFacts): Answer {
  const own = identities.filter((identity) => identity.namespace === namespace);
  if (test.op === 'exists') return { holds: own.length > 0 === test.exists, due: ALWAYS };
  const holds = own.some(({ value }) => {
    switch (test.op) {
      case 'in':
        return test.texts.includes(value);
      case 'eq':
        return value === test.text;
      case 'contains':
        return value.includes(test.text);
      case 'startsWith':
        return value.startsWith(test.text);
    }
  });
  return { holds, due: ALWAYS };
}

export function answerAccount({ where }: AccountLeaf, { accounts }: ProfileFacts, now: number): Answer {
  let due = ALWAYS;
  for (const traits of accounts) {
    for (const test of where) due = Math.min(due, answerTrait(test, traits, now).due);
  }
  const holds = accounts.some((traits) => where.every((test) => passes(test, traits, now)));
  return { holds, due };
}

export function answerSample({ salt, share }: SampleLeaf, { person }: ProfileFacts): Answer {
  const hash = createHash('md5').update(`${salt}:${person}`).digest();
  return { holds: hash.readUInt32BE(0) % SAMPLE_PARTS < share, due: ALWAYS };
}

export function answerCalendar(leaf: CalendarLeaf, traits: FlatValues, now: number, usual: string): Answer {
  const date = scalarAt(traits, leaf.path);
  if (typeof date !== 'string' || parseDate(date) === undefined) return { holds: false, due: ALWAYS };
  const zone = zoneFor(leaf, traits, usual);
  const day = today(zone, now);
  const [month, dayOfMonth] = [Number(date.slice(5, 7)), Number(date.slice(8, 10))];
  const holds = isAhead(leaf, day, month, dayOfMonth);
  // Answers change at midnight only. Where the next one changes nothing the one after it is soon enough to look.
  const tomorrow = isAhead(leaf, day + 1, month, dayOfMonth);
  return { holds, due: startOfDay(zone, holds === tomorrow ? day + 2 : day + 1) };
}

export function zoneFor({ zone }: CalendarLeaf, traits: FlatValues, usual: string): string {
  if (!zone) return usual;
  if ('name' in zone) return zone.name;
  const told = scalarAt(traits, zone.trait);
  return typeof told === 'string' && isZone(told) ? told : usual;
}

/** Whether an anniversary of the month and day lies from `from` to `to` days after a day. */
function isAhead({ from, to }: CalendarLeaf, day: number, month: number, dayOfMonth: number): boolean {
  const year = new Date(day * 86_400_000).getUTCFullYear();
  for (let candidate = year; candidate <= year + 2; candidate++) {
    const away = dayNumber(candidate, month, dayOfMonth) - day;
    if (away >= from && away <= to) return true;
  }
  return false;
}
