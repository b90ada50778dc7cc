import { createHash } from 'node:crypto';
import { canonicalJson } from '@percorso/kernel';
import type {
  AccountMemberLeaf,
  CalendarLeaf,
  Condition,
  ConsentLeaf,
  EventLeaf,
  EventSelector,
  IdentityLeaf,
  Order,
  SampleLeaf,
  SequenceStep,
  Test,
  TimePoint,
  Value,
  Window,
} from '../definition/definition';
import { parseDate } from '../definition/date-text';
import { isZone } from '../definition/zones';

/** One person, whole: what the plain evaluator reads. */
export interface Subject {
  person: number;
  traits: Record<string, unknown>;
  identities: { namespace: string; value: string }[];
  /** Traits of each group account the person belongs to; accounts with the same traits are one account. */
  accounts: Record<string, unknown>[];
  /** Everybody, the person itself too; nobody else where it is left out. */
  everyone?: readonly Subject[];
  /** Audiences whose list names the person. */
  lists: string[];
  /** What all persons' events look up: name -> key -> fields. */
  lookups?: Lookups;
  consent: Record<string, Record<string, 'granted' | 'denied'>>;
  events: { name: string; at: number; properties: Record<string, unknown> }[];
}

export type Lookups = Record<string, Record<string, Record<string, unknown>>>;

const SCALE = 10n ** 9n;

/** The language read literally, one person at a time: slow, obvious, and sharing only the types with the compiler. */
export function holds(condition: Condition, subject: Subject, now: number, zone = 'UTC'): boolean {
  switch (condition.kind) {
    case 'all':
      return condition.conditions.every((inner) => holds(inner, subject, now, zone));
    case 'any':
      return condition.conditions.some((inner) => holds(inner, subject, now, zone));
    case 'not':
      return !holds(condition.condition, subject, now, zone);
    case 'trait':
      return passes(...asked(condition.test, subject.traits, subject.lookups), now);
    case 'consent':
      return consentOf(condition, subject) === condition.is;
    case 'account':
      return subject.accounts.some((traits) => condition.where.every((test) => passes(test, traits, now)));
    case 'accountMember':
      return sharesAccount(condition, subject, now, zone);
    case 'list':
      return subject.lists.includes(condition.audience);
    case 'identity':
      return identified(condition, subject);
    case 'calendar':
      return celebrates(condition, subject, now, zone);
    case 'sample':
      return sampled(condition, subject);
    case 'event':
      return measured(condition, subject, now);
    case 'every':
      return Array.from({ length: condition.periods }, (_, back) => back).every((back) => {
        const end = instant(condition.window.to, now) - back * condition.every;
        const window = { from: { at: end - condition.every }, to: { at: end } };
        return measured({ ...condition, kind: 'event', window }, subject, now);
      });
    case 'firstEvent': {
      const first = timesOf(subject, condition.events, {}, now)[0];
      return first !== undefined && inWindow(first, condition.window, now);
    }
    case 'sequence':
      return timesOf(subject, condition.first, condition.window, now).some((first) =>
        goesOn(condition.steps, first, subject, now),
      );
  }
}

const instant = (time: TimePoint, now: number): number => ('at' in time ? time.at : now + time.fromNow);

function inWindow(at: number, window: Window, now: number): boolean {
  if (window.from && at < instant(window.from, now)) return false;
  return !(window.to && at >= instant(window.to, now));
}

function consentOf(leaf: ConsentLeaf, subject: Subject): string {
  const topics = subject.consent[leaf.channel] ?? {};
  const said = [topics['*'], leaf.topic === undefined ? undefined : topics[leaf.topic]];
  if (said.includes('denied')) return 'denied';
  return said.includes('granted') ? 'granted' : 'unknown';
}

function identified({ namespace, test }: IdentityLeaf, subject: Subject): boolean {
  const values = subject.identities.filter((one) => one.namespace === namespace).map(({ value }) => value);
  if (test.op === 'exists') return test.exists === values.length > 0;
  return values.some((value) => {
    if (test.op === 'in') return test.texts.includes(value);
    if (test.op === 'eq') return value === test.text;
    return test.op === 'contains' ? value.includes(test.text) : value.startsWith(test.text);
  });
}

/** Whether some account passes and has a member for whom the condition holds. */
function sharesAccount(leaf: AccountMemberLeaf, subject: Subject, now: number, zone: string): boolean {
  // What is asked about may be as of another moment than where everybody is listed.
  const others = (subject.everyone ?? []).filter(({ person }) => person !== subject.person);
  const members = leaf.others ? others : [...others, subject];
  return subject.accounts.some(
    (account) =>
      leaf.account.every((test) => passes(test, account, now)) &&
      members.some(
        (member) =>
          member.accounts.some((one) => one === account || canonicalJson(one) === canonicalJson(account)) &&
          holds(leaf.where, member, now, zone),
      ),
  );
}

/** Whether some day of the calendar, from today + from to today + to, is the anniversary of the date. */
function celebrates(leaf: CalendarLeaf, subject: Subject, now: number, usual: string): boolean {
  const date = found(leaf.path, subject.traits);
  if (typeof date !== 'string' || parseDate(date) === undefined) return false;
  const today = Date.parse(`${new Date(now).toLocaleDateString('sv-SE', { timeZone: zoneOf() })}T00:00:00Z`);
  const [month, day] = [Number(date.slice(5, 7)), Number(date.slice(8, 10))];
  const year = new Date(today).getUTCFullYear();
  return [year, year + 1, year + 2].some((candidate) => {
    const leap = new Date(Date.UTC(candidate, 1, 29)).getUTCMonth() === 1;
    const kept = month === 2 && day === 29 && !leap ? 28 : day;
    const away = (Date.UTC(candidate, month - 1, kept) - today) / 86_400_000;
    return away >= leaf.from && away <= leaf.to;
  });

  function zoneOf(): string {
    if (!leaf.zone) return usual;
    if ('name' in leaf.zone) return leaf.zone.name;
    const told = found(leaf.zone.trait, subject.traits);
    return typeof told === 'string' && isZone(told) ? told : usual;
  }
}

function sampled({ salt, share }: SampleLeaf, { person }: Subject): boolean {
  const hash = createHash('md5').update(`${salt}:${person}`).digest();
  return hash.readUInt32BE(0) % 10_000 < share;
}

/** What is at the path, lists and objects too. */
function found(path: string, root: Record<string, unknown>): unknown {
  let value: unknown = root;
  for (const step of path.split('.')) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

export function lookUp(path: string, root: Record<string, unknown>): unknown {
  const value = found(path, root);
  if (Array.isArray(value)) return JSON.stringify(value);
  return value === null || typeof value === 'object' ? undefined : value;
}

/** Units of 10^-9. */
export function units(decimal: string): bigint {
  const [whole = '0', fraction = ''] = decimal.replace('-', '').split('.');
  const magnitude = BigInt(whole) * SCALE + BigInt(fraction.padEnd(9, '0'));
  return decimal.startsWith('-') ? -magnitude : magnitude;
}

export const ofNumber = (value: number): bigint => units(value.toFixed(9));

function order(op: Order, left: bigint | number, right: bigint | number): boolean {
  if (op === 'eq') return left === right;
  if (op === 'ne') return left !== right;
  if (op === 'gt') return left > right;
  if (op === 'gte') return left >= right;
  return op === 'lt' ? left < right : left <= right;
}

function compares(op: Order, found: unknown, value: Value, now: number): boolean {
  if (value.type === 'date') {
    const date = typeof found === 'string' ? parseDate(found) : undefined;
    return date !== undefined && order(op, date, instant(value.time, now));
  }
  if (value.type === 'number')
    return typeof found === 'number' && order(op, ofNumber(found), units(value.value));
  if (value.type === 'boolean')
    return typeof found === 'boolean' && order(op, Number(found), Number(value.value));
  return (
    typeof found === 'string' && order(op, Buffer.compare(Buffer.from(found), Buffer.from(value.value)), 0)
  );
}

function passes(test: Test, root: Record<string, unknown>, now: number): boolean {
  if (test.op === 'includes') {
    const list = found(test.path, root);
    return Array.isArray(list) && list.some((item) => compares('eq', item, test.value, now));
  }
  const value = lookUp(test.path, root);
  if (test.op === 'exists') return test.exists === (value !== undefined);
  if (value === undefined) return false;
  if (test.op === 'contains') return typeof value === 'string' && value.includes(test.text);
  if (test.op === 'startsWith') return typeof value === 'string' && value.startsWith(test.text);
  if (test.op === 'in') return test.values.some((wanted) => compares('eq', value, wanted, now));
  if (test.op === 'ne') return !compares('eq', value, test.value, now);
  return compares(test.op, value, test.value, now);
}

/** A test of a lookup is the test of the item's field; without an item there is nothing at all. */
function asked(
  { lookup, ...test }: Test,
  values: Record<string, unknown>,
  lookups: Lookups = {},
): [Test, Record<string, unknown>] {
  if (!lookup) return [test, values];
  const key = lookUp(test.path, values);
  const named = typeof key === 'string' || typeof key === 'number' ? lookups[lookup.name]?.[String(key)] : {};
  return [{ ...test, path: lookup.field }, named ?? {}];
}

export function matching(
  subject: Subject,
  selector: EventSelector,
  window: Window,
  now: number,
): Subject['events'] {
  return subject.events.filter(
    (event) =>
      event.name === selector.name &&
      inWindow(event.at, window, now) &&
      selector.where.every((test) => passes(...asked(test, event.properties, subject.lookups), now)),
  );
}

const timesOf = (subject: Subject, selector: EventSelector, window: Window, now: number): number[] =>
  matching(subject, selector, window, now)
    .map((event) => event.at)
    .sort((a, b) => a - b);

function measured(leaf: EventLeaf, subject: Subject, now: number): boolean {
  const { measure, op, value } = leaf;
  const events = matching(subject, leaf.events, leaf.window, now);
  if (value.type === 'date') {
    const times = timesOf(subject, leaf.events, leaf.window, now);
    const time = measure.of === 'first' ? times[0] : times.at(-1);
    return time !== undefined && order(op, time, instant(value.time, now));
  }
  const limit = units(value.value);
  if (!('path' in measure)) return order(op, BigInt(events.length) * SCALE, limit);
  const values = events.map((event) => lookUp(measure.path, event.properties));
  if (measure.of === 'distinct') {
    const different = new Set(
      values.filter((one) => one !== undefined).map((one) => `${typeof one} ${String(one)}`),
    );
    return order(op, BigInt(different.size) * SCALE, limit);
  }
  const numbers = values.filter((number) => typeof number === 'number').map(ofNumber);
  const sum = numbers.reduce((total, number) => total + number, 0n);
  if (measure.of === 'sum') return order(op, sum, limit);
  if (numbers.length === 0) return false;
  if (measure.of === 'avg') return order(op, sum, limit * BigInt(numbers.length));
  const sorted = numbers.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return order(op, (measure.of === 'min' ? sorted[0] : sorted.at(-1)) ?? 0n, limit);
}

/** Whether some chain of events takes the steps one after the other, after an event at `from`. */
function goesOn([step, ...rest]: SequenceStep[], from: number, subject: Subject, now: number): boolean {
  if (!step) return true;
  const gap = step.gap ?? Infinity;
  const next = timesOf(subject, step.events, {}, now).filter((then) => then > from && then - from < gap);
  if (step.presence === 'absent') return next.length === 0 && (gap === Infinity || from + gap <= now);
  return next.some((then) => goesOn(rest, then, subject, now));
}
