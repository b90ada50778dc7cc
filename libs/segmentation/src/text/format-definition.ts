import {
  type CalendarLeaf,
  type Condition,
  type EventSelector,
  type IdentityTest,
  type Measure,
  type NumberValue,
  type Order,
  SAMPLE_PARTS,
  type SequenceStep,
  type Test,
  type TimePoint,
  type Value,
  type Window,
  type WrittenLeaf,
} from '../definition/definition';
import { parseDefinition } from '../definition/parse-definition';

const SIGN: Record<Order, string> = { eq: '=', ne: '!=', gt: '>', gte: '>=', lt: '<', lte: '<=' };
const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;
const LONGEST_LINE = 100;

const quoted = (text: string): string => JSON.stringify(text);
export const formatPath = (path: string): string =>
  path
    .split('.')
    .map((step) => (/^[A-Za-z_][A-Za-z0-9_]*$/.test(step) ? step : quoted(step)))
    .join('.');

/** The text form of a definition's JSON; undefined when this release cannot read it. */
export function formatDefinition(json: unknown): string | undefined {
  const parsed = parseDefinition(json);
  if (!parsed.ok) return undefined;
  const { where } = parsed.definition;
  const line = formatCondition(where);
  if (line.length <= LONGEST_LINE || (where.kind !== 'all' && where.kind !== 'any')) return line;
  return where.conditions.length === 1 ? line : joined(where, '\n');
}

function formatCondition(condition: Condition<WrittenLeaf>): string {
  if (condition.kind === 'not') return `not ${inner(condition.condition)}`;
  if (condition.kind !== 'all' && condition.kind !== 'any') return formatLeaf(condition);
  const [only, more] = condition.conditions;
  return only && !more ? `${condition.kind}(${formatCondition(only)})` : joined(condition, ' ');
}

function joined(group: Extract<Condition<WrittenLeaf>, { conditions: unknown }>, space: string): string {
  return group.conditions.map(inner).join(`${space}${group.kind === 'all' ? 'and' : 'or'} `);
}

/** Groups inside others are put in parentheses, so that nobody needs to know what binds closer. */
function inner(condition: Condition<WrittenLeaf>): string {
  const group = 'conditions' in condition && condition.conditions.length > 1;
  return group ? `(${formatCondition(condition)})` : formatCondition(condition);
}

function formatLeaf(leaf: WrittenLeaf): string {
  switch (leaf.kind) {
    case 'trait':
      return formatTest(leaf.test, 'trait.');
    case 'identity':
      return `identity.${formatPath(leaf.namespace)} ${formatIdentityTest(leaf.test)}`;
    case 'consent': {
      const topic = leaf.topic === undefined ? '' : `, ${quoted(leaf.topic)}`;
      return `consent(${quoted(leaf.channel)}${topic}) is ${leaf.is}`;
    }
    case 'account':
      return `account(${formatTests(leaf.where)})`;
    case 'accountMember': {
      const account = leaf.account.length > 0 ? `account(${formatTests(leaf.account)})` : 'account';
      return `${account} ${leaf.others ? 'other ' : ''}member(${formatCondition(leaf.where)})`;
    }
    case 'calendar':
      return `anniversary(${formatPath(leaf.path)}${formatZone(leaf)}) in ${leaf.from} to ${leaf.to} days`;
    case 'sample': {
      const salt = leaf.salt === '' ? '' : `, ${quoted(leaf.salt)}`;
      return `sample(${leaf.share / (SAMPLE_PARTS / 100)}%${salt})`;
    }
    case 'imported':
    case 'list':
      return 'imported';
    case 'audience':
      return `audience(${quoted(leaf.id)})`;
    case 'event':
      return formatEvent(leaf.events, leaf.window) + formatMeasured(leaf.measure, leaf.op, leaf.value);
    case 'every': {
      const event = formatEvent(leaf.events, leaf.window, leaf.every);
      return event + formatMeasured(leaf.measure, leaf.op, leaf.value);
    }
    case 'firstEvent':
      return `${formatEvent(leaf.events, {})}.first within ${formatWindow(leaf.window)}`;
    case 'sequence':
      return [formatEvent(leaf.first, leaf.window), ...leaf.steps.map(formatStep)].join(' then ');
  }
}

function formatIdentityTest(test: IdentityTest): string {
  if (test.op === 'exists') return test.exists ? 'exists' : 'is missing';
  if (test.op === 'in') return `in [${test.texts.map(quoted).join(', ')}]`;
  return `${test.op === 'eq' ? '=' : WORDS[test.op]} ${quoted(test.text)}`;
}

function formatZone({ zone }: CalendarLeaf): string {
  if (!zone) return '';
  return 'name' in zone ? `, ${quoted(zone.name)}` : `, trait.${formatPath(zone.trait)}`;
}

const WORDS = { contains: 'contains', startsWith: 'starts with' } as const;

const formatTests = (tests: readonly Test[]): string => tests.map((test) => formatTest(test)).join(' and ');

/** `of`: what the path is a path of, where that is written. */
function formatTest(test: Test, of = ''): string {
  const { lookup } = test;
  const found = of + formatPath(test.path);
  const path = lookup ? `lookup(${quoted(lookup.name)}, ${found}).${formatPath(lookup.field)}` : found;
  if (test.op === 'exists') return `${path} ${test.exists ? 'exists' : 'is missing'}`;
  if (test.op === 'contains' || test.op === 'startsWith')
    return `${path} ${WORDS[test.op]} ${quoted(test.text)}`;
  if (test.op === 'in') return `${path} in [${test.values.map(formatValue).join(', ')}]`;
  if (test.op === 'includes') return `${path} includes ${formatValue(test.value)}`;
  return `${path} ${SIGN[test.op]} ${formatValue(test.value)}`;
}

function formatValue(value: Value): string {
  if (value.type === 'date') return formatTime(value.time);
  return value.type === 'text' ? quoted(value.value) : String(value.value);
}

export function formatEvent({ name, where }: EventSelector, window: Window, every?: number): string {
  const tests = where.length === 0 ? '' : ` where ${formatTests(where)}`;
  const within = window.from || window.to ? `, ${formatWindow(window)}` : '';
  const periods = every === undefined ? '' : `, every ${formatDuration(every)}`;
  return `event(${quoted(name)}${tests}${within}${periods})`;
}

function formatMeasured(measure: Measure, op: Order, value: Value): string {
  // At least one event is what an event says by itself.
  if (measure.of === 'count' && op === 'gte' && (value as NumberValue).value === '1') return '';
  const of = 'path' in measure ? `${measure.of}(${formatPath(measure.path)})` : measure.of;
  return `.${of} ${SIGN[op]} ${formatValue(value)}`;
}

function formatStep({ events, presence, gap }: SequenceStep): string {
  const within = gap === undefined ? '' : ` within ${formatDuration(gap)}`;
  return `${presence === 'absent' ? 'no ' : ''}${formatEvent(events, {})}${within}`;
}

function formatWindow({ from, to }: Window): string {
  if (from && to && 'fromNow' in from && 'fromNow' in to && to.fromNow === 0) {
    return `last ${formatDuration(-from.fromNow)}`;
  }
  return [...(from ? [`from ${formatTime(from)}`] : []), ...(to ? [`to ${formatTime(to)}`] : [])].join(' ');
}

function formatTime(time: TimePoint): string {
  if ('fromNow' in time) {
    return `${formatDuration(Math.abs(time.fromNow))} ${time.fromNow < 0 ? 'ago' : 'ahead'}`;
  }
  return new Date(time.at).toISOString().replace('T00:00:00.000Z', '').replace('.000Z', 'Z');
}

function formatDuration(ms: number): string {
  const [unit, length] = UNITS.find(([, each]) => ms % each === 0) ?? (['second', 1000] as const);
  const count = ms / length;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
