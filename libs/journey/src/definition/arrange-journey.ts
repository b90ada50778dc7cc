import { JOURNEY_FIELDS } from './parse-journey';
import { STEP_KINDS } from './parse-step';

/** Fields below the top in the order in which this lib's README tells of them; any other follows in alphabetical order. */
const FIELDS = [
  ...['event', 'audience', 'reaction', 'read', 'business', 'api', 'id', 'cron', 'zone', 'afterEvaluation'],
  ...['only', 'perSecond', 'on', 'ends', 'backfill', 'after', 'total', 'perDay', ...STEP_KINDS],
  ...[
    'name',
    'channel',
    'topic',
    'connector',
    'journey',
    'to',
    'is',
    'content',
    'into',
    'priority',
    'percent',
  ],
  ...['arms', 'salt', 'any', 'timeout', 'branches', 'join', 'body', 'times', 'while', 'for', 'at', 'time'],
  ...['weekdays', 'traits', 'consent', 'lists', 'context', 'reason', 'jsonata', 'path', 'lookup', 'field'],
  ...['op', 'value', 'where', 'key', 'as', 'failed', 'timedOut', 'next'],
];
const ranked = (names: readonly string[]): Map<string, number> =>
  new Map(names.map((name, index) => [name, index]));
const TOP = ranked(JOURNEY_FIELDS);
const BELOW = ranked(FIELDS);

/** Names are the writer's own here, and stay in the order that was written. */
const NAMED = new Set(['steps', 'into', 'traits', 'context']);

/**
 * The same JSON with its fields in one order, so that a diff shows what was changed and nothing else. Steps and other
 * things that the writer named stay where they were put.
 */
export function arrangeJourney<T>(json: T): T {
  return arrange(json, TOP) as T;
}

/** @param ranks of the fields here; undefined: they are names */
function arrange(value: unknown, ranks: Map<string, number> | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => arrange(item, BELOW));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value);
  if (ranks) {
    const rank = (name: string): number => ranks.get(name) ?? ranks.size;
    entries.sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  }
  return Object.fromEntries(
    entries.map(([name, inner]) => [name, arrange(inner, ranks && NAMED.has(name) ? undefined : BELOW)]),
  );
}

/** A journey's JSON as text for files and reviews. */
export const formatJourney = (json: object): string => `${JSON.stringify(arrangeJourney(json), null, 2)}\n`;
