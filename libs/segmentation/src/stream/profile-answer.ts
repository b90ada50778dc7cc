import type { FlatValues } from '@percorso/profile';
import { parseDate } from '../definition/date-text';
import {
  type AccountLeaf,
  type AccountMemberLeaf,
  type CalendarLeaf,
  type ConsentLeaf,
  type IdentityLeaf,
  type IdentityTest,
  type Leaf,
  movesWithTime,
  type SampleLeaf,
  type Test,
} from '../definition/definition';
import { isZone } from '../definition/zones';
import { type Answer, answerOf } from './answer';
import { dayNumber, startOfDay, today } from './local-day';
import type { LookupItems } from './lookup-items';
import { samplePart } from './sample-part';
import { checkOf, dateOf, passes, scalarAt, turnOf } from './scalar';

/** What conditions on the profile itself look at. */
export interface ProfileFacts {
  person: number;
  traits: FlatValues;
  /** channel -> topic -> state; topic `*` is the whole channel. */
  consent: Record<string, Record<string, string>>;
  identities: readonly { namespace: string; value: string }[];
  /** Traits of each group account it belongs to. */
  accounts: readonly FlatValues[];
  /** Ids of these accounts, in the same order. */
  groups: readonly string[];
  /** Who satisfies what is asked of their members. */
  members: MemberFacts;
  /** Audiences whose list names one of its identities. */
  lists: readonly string[];
}

/** Which accounts have members that satisfy a condition. */
export interface MemberFacts {
  /** Whether one does; `except`: another one than this person. */
  has(condition: number, account: string, except?: number): boolean;
}

const NEVER = Infinity;

/** Answers a leaf from the profile. */
export type AskProfile = (profile: ProfileFacts, now: number) => Answer;

export type ProfileLeaf = Extract<
  Leaf,
  { kind: 'trait' | 'consent' | 'account' | 'list' | 'identity' | 'calendar' | 'sample' }
>;

/**
 * @param usual whose today it is where a calendar condition names no zone
 * @param items what tests of lookups look at
 */
export function askProfile(leaf: ProfileLeaf, usual: string, items: LookupItems): AskProfile {
  switch (leaf.kind) {
    case 'trait':
      return askTrait(leaf.test, items);
    case 'consent':
      return ({ consent }) => answerOf(consentOf(leaf, consent) === leaf.is, NEVER);
    case 'account':
      return ({ accounts }, now) => answerAccount(leaf, accounts, now);
    case 'list':
      return ({ lists }) => answerOf(lists.includes(leaf.audience), NEVER);
    case 'identity':
      return ({ identities }) => answerOf(isIdentified(leaf, identities), NEVER);
    case 'calendar':
      return ({ traits }, now) => answerCalendar(leaf, traits, now, usual);
    case 'sample':
      return ({ person }) => answerOf(isSampled(leaf, person), NEVER);
  }
}

function askTrait(test: Test, items: LookupItems): AskProfile {
  const { path } = test;
  if (test.lookup) return ({ traits }, now) => answerOf(items.pass(test, scalarAt(traits, path), now), NEVER);
  if (test.op === 'includes') return ({ traits }, now) => answerOf(passes(test, traits, now), NEVER);
  const check = checkOf(test);
  if (!movesWithTime(test)) return ({ traits }, now) => answerOf(check(scalarAt(traits, path), now), NEVER);
  return ({ traits }, now) => {
    const found = scalarAt(traits, path);
    return answerOf(check(found, now), turnOf(test, dateOf(found), now));
  };
}

const dateTurn = (test: Test, traits: FlatValues, now: number): number =>
  movesWithTime(test) ? turnOf(test, dateOf(scalarAt(traits, test.path)), now) : NEVER;

function consentOf(leaf: ConsentLeaf, consent: ProfileFacts['consent']): ConsentLeaf['is'] {
  const topics = consent[leaf.channel];
  const channel = topics?.['*'];
  const topic = leaf.topic === undefined ? undefined : topics?.[leaf.topic];
  const denied = channel === 'denied' || topic === 'denied';
  const granted = channel === 'granted' || topic === 'granted';
  return denied ? 'denied' : granted ? 'granted' : 'unknown';
}

function isIdentified({ namespace, test }: IdentityLeaf, identities: ProfileFacts['identities']): boolean {
  const passing = identities.some((own) => own.namespace === namespace && passesIdentity(test, own.value));
  return test.op === 'exists' ? passing === test.exists : passing;
}

function passesIdentity(test: IdentityTest, value: string): boolean {
  switch (test.op) {
    case 'exists':
      return true;
    case 'in':
      return test.texts.includes(value);
    case 'eq':
      return value === test.text;
    case 'contains':
      return value.includes(test.text);
    case 'startsWith':
      return value.startsWith(test.text);
  }
}

export function answerAccount({ where }: AccountLeaf, accounts: readonly FlatValues[], now: number): Answer {
  let due = NEVER;
  for (const traits of accounts) for (const test of where) due = Math.min(due, dateTurn(test, traits, now));
  const holds = accounts.some((traits) => where.every((test) => passes(test, traits, now)));
  return answerOf(holds, due);
}

/**
 * When the answer of a member changes by time that member is looked at itself.
 * @param condition undefined where no rows of it are kept: then nobody is answered by it
 */
export function askAccountMember(
  { account, others }: AccountMemberLeaf,
  condition: number | undefined,
): AskProfile {
  return ({ person, accounts, groups, members }, now) => {
    let due = NEVER;
    let holds = false;
    accounts.forEach((traits, index) => {
      for (const test of account) due = Math.min(due, dateTurn(test, traits, now));
      holds ||=
        condition !== undefined &&
        account.every((test) => passes(test, traits, now)) &&
        members.has(condition, groups[index]!, others ? person : undefined);
    });
    return answerOf(holds, due);
  };
}

function isSampled({ salt, share }: SampleLeaf, person: number): boolean {
  return samplePart(salt, person) < share;
}

function answerCalendar(leaf: CalendarLeaf, traits: FlatValues, now: number, usual: string): Answer {
  const date = scalarAt(traits, leaf.path);
  if (typeof date !== 'string' || parseDate(date) === undefined) return answerOf(false, NEVER);
  const zone = zoneFor(leaf, traits, usual);
  const day = today(zone, now);
  const [month, dayOfMonth] = [Number(date.slice(5, 7)), Number(date.slice(8, 10))];
  const holds = isAhead(leaf, day, month, dayOfMonth);
  // Answers change at midnight only. Where the next one changes nothing the one after it is soon enough to look.
  const tomorrow = isAhead(leaf, day + 1, month, dayOfMonth);
  return answerOf(holds, startOfDay(zone, holds === tomorrow ? day + 2 : day + 1));
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
