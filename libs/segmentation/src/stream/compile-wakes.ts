import { canonicalJson } from '@percorso/kernel';
import { memberships } from '../compile/compile-account';
import { selectEvents } from '../compile/compile-event-leaf';
import type { CompileScope, SetScope } from '../compile/compile-scope';
import { DEFAULT_ZONE } from '../definition/zones';
import { Parameters } from '../compile/parameters';
import { peopleOf, PERSON } from '../compile/people';
import { compileCalendarWakes } from './compile-calendar-wakes';
import { DATE_PATTERN } from '../definition/date-text';
import { type Definition, leavesOf, movesWithTime } from '../definition/definition';
import { type TimeEdge, timeEdgesOf } from './time-edges';

type MomentEdge = Exclude<TimeEdge, { of: 'calendar' }>;

export interface WakeQuery {
  /** ClickHouse SQL of rows `person`, `due` (Unix milliseconds), each person once. */
  query: string;
  params: Record<string, unknown>;
}

/** Moments after `since` and no later than `until`, in Unix milliseconds. */
export interface WakeSpan {
  since: number;
  until: number;
  /** Without what had passed when its event came: who took the event up saw it so. */
  afterArrival?: boolean;
}

/** Whom time alone may give another answer in `span`, and when first. Undefined where time changes nothing. */
export function compileWakes(
  definitions: readonly Definition[],
  scope: SetScope,
  span: WakeSpan,
): WakeQuery | undefined {
  const edges = new Map<string, TimeEdge>();
  for (const { where } of definitions) {
    for (const leaf of leavesOf(where)) {
      for (const edge of timeEdgesOf(leaf)) edges.set(canonicalJson(edge), edge);
    }
  }
  if (edges.size === 0) return undefined;
  const parameters = new Parameters();
  const inner: CompileScope = { zone: DEFAULT_ZONE, ...scope, asOfPos: String(scope.asOfPos), parameters };
  const parts = [...edges.values()].flatMap((edge) =>
    edge.of === 'calendar'
      ? compileCalendarWakes(edge.leaf, inner, span.since, span.until)
      : [partOf(edge, inner, span)],
  );
  if (parts.length === 0) return undefined;
  const people = peopleOf(`workspace_id = ${parameters.uuid(scope.workspaceId)}`);
  const needsPeople = [...edges.values()].some(({ of }) => of === 'event' || of === 'property');
  return {
    query:
      `${needsPeople ? `WITH ${people} ` : ''}` +
      `SELECT person, min(due) AS due FROM (${parts.join(' UNION ALL ')}) GROUP BY person`,
    params: parameters.values,
  };
}

function partOf(edge: MomentEdge, scope: CompileScope, { since, until, afterArrival }: WakeSpan): string {
  const { parameters } = scope;
  const between = (moment: string): string =>
    `${moment} > ${parameters.instant(since - edge.after)} AND ${moment} <= ${parameters.instant(until - edge.after)}`;
  const due = (moment: string): string =>
    `min(toUnixTimestamp64Milli(${moment})) + ${parameters.integer(edge.after)} AS due`;
  const workspace = `workspace_id = ${parameters.uuid(scope.workspaceId)}`;
  if (edge.of === 'trait') {
    const date = dateAt(parameters.text(edge.path));
    return (
      `SELECT person, ${due('moment')} FROM (SELECT person, ${date} AS moment FROM percorso.profile FINAL ` +
      `WHERE ${workspace} AND deleted = 0) WHERE ${between('moment')} GROUP BY person`
    );
  }
  if (edge.of === 'account') {
    const date = dateAt(parameters.text(edge.path));
    return (
      `SELECT person, min(found.due) AS due FROM (${memberships(workspace)}) AS belongs INNER JOIN (` +
      `SELECT id, ${due('moment')} FROM (SELECT id, ${date} AS moment FROM percorso.account FINAL ` +
      `WHERE ${workspace}) WHERE ${between('moment')} GROUP BY id) AS found ON found.id = belongs.account ` +
      `GROUP BY person`
    );
  }
  const moment = edge.of === 'event' ? 'occurred_at' : 'moment';
  // Tests against moving dates are left out of the choice: they are what may turn.
  const events = { ...edge.events, where: edge.events.where.filter((test) => !movesWithTime(test)) };
  const selected = selectEvents(scope, events, edge.of === 'event' ? edge.window : {});
  const source =
    edge.of === 'event'
      ? `SELECT node, occurred_at, received_at FROM percorso.event WHERE ${selected}`
      : `SELECT node, ${dateAt(parameters.text(edge.path))} AS moment, received_at FROM percorso.event WHERE ${selected}`;
  const coming = afterArrival
    ? ` AND toUnixTimestamp64Milli(${moment}) + ${parameters.integer(edge.after)} > toUnixTimestamp64Milli(received_at)`
    : '';
  return (
    `SELECT ${PERSON} AS person, ${due(moment)} FROM (${source}) WHERE ${between(moment)}${coming} ` +
    `GROUP BY person HAVING person != 0`
  );
}

/** The date a text holds, NULL for any other. */
const dateAt = (path: string): string =>
  `if(match(strings[${path}], '${DATE_PATTERN}'), parseDateTime64BestEffortOrNull(strings[${path}], 3, 'UTC'), NULL)`;
