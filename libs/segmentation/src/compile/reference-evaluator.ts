import type {
  Condition,
  ConsentLeaf,
  EventLeaf,
  EventSelector,
  Order,
  SequenceLeaf,
  Test,
  TimePoint,
  Value,
  Window,
} from '../definition/definition';
import { parseDate } from '../definition/date-text';

/** One person, whole: what the plain evaluator reads. */
export interface Subject {
  traits: Record<string, unknown>;
  consent: Record<string, Record<string, 'granted' | 'denied'>>;
  events: { name: string; at: number; properties: Record<string, unknown> }[];
}

const SCALE = 10n ** 9n;

/** The language read literally, one person at a time: slow, obvious, and sharing only the types with the compiler. */
export function holds(condition: Condition, subject: Subject, now: number): boolean {
  switch (condition.kind) {
    case 'all':
      return condition.conditions.every((inner) => holds(inner, subject, now));
    case 'any':
      return condition.conditions.some((inner) => holds(inner, subject, now));
    case 'not':
      return !holds(condition.condition, subject, now);
    case 'trait':
      return passes(condition.test, subject.traits, now);
    case 'consent':
      return consentOf(condition, subject) === condition.is;
    case 'event':
      return measured(condition, subject, now);
    case 'firstEvent': {
      const first = timesOf(subject, condition.events, {}, now)[0];
      return first !== undefined && inWindow(first, condition.window, now);
    }
    case 'sequence':
      return followed(condition, subject, now);
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

function lookUp(path: string, root: Record<string, unknown>): unknown {
  let value: unknown = root;
  for (const step of path.split('.')) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  if (Array.isArray(value)) return JSON.stringify(value);
  return value === null || typeof value === 'object' ? undefined : value;
}

/** Units of 10^-9. */
export function units(decimal: string): bigint {
  const [whole = '0', fraction = ''] = decimal.replace('-', '').split('.');
  const magnitude = BigInt(whole) * SCALE + BigInt(fraction.padEnd(9, '0'));
  return decimal.startsWith('-') ? -magnitude : magnitude;
}

const ofNumber = (value: number): bigint => units(value.toFixed(9));

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
  const found = lookUp(test.path, root);
  if (test.op === 'exists') return test.exists === (found !== undefined);
  if (found === undefined) return false;
  if (test.op === 'contains') return typeof found === 'string' && found.includes(test.text);
  if (test.op === 'startsWith') return typeof found === 'string' && found.startsWith(test.text);
  if (test.op === 'in') return test.values.some((value) => compares('eq', found, value, now));
  if (test.op === 'ne') return !compares('eq', found, test.value, now);
  return compares(test.op, found, test.value, now);
}

function matching(subject: Subject, selector: EventSelector, window: Window, now: number): Subject['events'] {
  return subject.events.filter(
    (event) =>
      event.name === selector.name &&
      inWindow(event.at, window, now) &&
      selector.where.every((test) => passes(test, event.properties, now)),
  );
}

const timesOf = (subject: Subject, selector: EventSelector, window: Window, now: number): number[] =>
  matching(subject, selector, window, now)
    .map((event) => event.at)
    .sort((a, b) => a - b);

function measured(leaf: EventLeaf, subject: Subject, now: number): boolean {
  const { measure, op, value } = leaf;
  const found = matching(subject, leaf.events, leaf.window, now);
  if (value.type === 'date') {
    const times = timesOf(subject, leaf.events, leaf.window, now);
    const time = measure.of === 'first' ? times[0] : times.at(-1);
    return time !== undefined && order(op, time, instant(value.time, now));
  }
  const limit = units(value.value);
  if (!('path' in measure)) return order(op, BigInt(found.length) * SCALE, limit);
  const numbers = found
    .map((event) => lookUp(measure.path, event.properties))
    .filter((number) => typeof number === 'number')
    .map(ofNumber);
  const sum = numbers.reduce((total, number) => total + number, 0n);
  if (measure.of === 'sum') return order(op, sum, limit);
  if (numbers.length === 0) return false;
  if (measure.of === 'avg') return order(op, sum, limit * BigInt(numbers.length));
  const sorted = numbers.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return order(op, (measure.of === 'min' ? sorted[0] : sorted.at(-1)) ?? 0n, limit);
}

function followed(leaf: SequenceLeaf, subject: Subject, now: number): boolean {
  const gap = leaf.gap ?? Infinity;
  const thens = timesOf(subject, leaf.then, {}, now);
  return timesOf(subject, leaf.first, leaf.window, now).some((first) => {
    const came = thens.some((then) => then > first && then - first < gap);
    if (leaf.presence === 'present') return came;
    return !came && (gap === Infinity || first + gap <= now);
  });
}
