import {
  type EventLeaf,
  type EventSelector,
  type EveryLeaf,
  type FirstEventLeaf,
  instantOf,
  type Measure,
  type Order,
  type Window,
} from '../definition/definition';
import { signOf } from '../definition/exact-decimal';
import { compileJoinedTest } from './compile-lookup';
import type { CompileScope } from './compile-scope';
import { dateOf, hasValue, SQL_ORDER, typedValue } from './compile-test';
import type { Parameters } from './parameters';

/** Persons found by a query; `complement`: the leaf holds for every live profile but these. */
export interface CompiledSet {
  /** A query of one column, person, each once. */
  persons: string;
  complement: boolean;
}

/** Conditions on percorso.event that select what a leaf looks at, up to the evaluation's position. */
export function selectEvents(scope: CompileScope, events: EventSelector, window: Window): string {
  const { parameters } = scope;
  return [
    `workspace_id = ${parameters.uuid(scope.workspaceId)}`,
    `name = ${parameters.text(events.name)}`,
    `pos <= ${parameters.position(scope.asOfPos)}`,
    ...inWindow(scope, window, 'occurred_at'),
    ...events.where.map((test) => compileJoinedTest(test, scope)),
  ].join(' AND ');
}

/** [from, to) as conditions on `time`. */
export function inWindow(scope: CompileScope, window: Window, time: string): string[] {
  const bound = (operator: string, instant: number): string =>
    `${time} ${operator} ${scope.parameters.instant(instant)}`;
  return [
    ...(window.from ? [bound('>=', instantOf(window.from, scope.now))] : []),
    ...(window.to ? [bound('<', instantOf(window.to, scope.now))] : []),
  ];
}

/** The same for a leaf with a measure: events without a value for it do not count. */
export function selectMeasured(scope: CompileScope, leaf: EventLeaf | EveryLeaf): string {
  const selected = selectEvents(scope, leaf.events, leaf.window);
  if (!('path' in leaf.measure)) return selected;
  const path = scope.parameters.text(leaf.measure.path);
  const valued = leaf.measure.of === 'distinct' ? hasValue(path) : `mapContains(numbers, ${path})`;
  return `${selected} AND ${valued}`;
}

/**
 * Rows of nodes (column node first) become rows of persons, one each (or one per person and `key`), those that fulfil
 * `having`, with further `columns`. An event keeps its node for good.
 */
export function personsOf(
  scope: CompileScope,
  perNode: string,
  having: string,
  key = '',
  columns: readonly string[] = [],
): string {
  return (
    `SELECT ${['map.person AS person', ...columns].join(', ')} FROM (${perNode}) AS found ` +
    `INNER JOIN (${nodePersons(`workspace_id = ${scope.parameters.uuid(scope.workspaceId)}`)}) AS map ` +
    `ON map.node = found.node ` +
    `GROUP BY person${key && `, found.${key}`} HAVING ${having}`
  );
}

/** Whose each node is: rows node, person. Nodes whose rows have gone to another shard are nobody's here. */
export const nodePersons = (workspace: string): string =>
  `SELECT node, person FROM percorso.node_person FINAL WHERE ${workspace} AND person > 0`;

export function compileEventLeaf(leaf: EventLeaf, scope: CompileScope): CompiledSet {
  const { measure, op, value } = leaf;
  const perNode =
    `SELECT node, ${perNodeMeasure(measure, scope.parameters)} FROM percorso.event ` +
    `WHERE ${selectMeasured(scope, leaf)} GROUP BY node`;
  const compared =
    value.type === 'date'
      ? dateOf(value, scope.parameters, scope.now)
      : scope.parameters.decimal(value.value);
  const holds = perPersonComparison(measure, op, compared);
  const complement = holdsOfNothing(leaf);
  return { persons: personsOf(scope, perNode, complement ? `NOT (${holds})` : holds), complement };
}

export function perNodeMeasure(measure: Measure, parameters: Parameters): string {
  if (measure.of === 'count') return 'count() AS n';
  if (!('path' in measure)) return `${measure.of === 'first' ? 'min' : 'max'}(occurred_at) AS t`;
  const path = parameters.text(measure.path);
  if (measure.of === 'distinct') return `uniqExactState(${typedValue(path)}) AS v`;
  const number = `toDecimal256(numbers[${path}], 9)`;
  if (measure.of === 'avg') return `sum(${number}) AS v, count() AS n`;
  return `${measure.of}(${number}) AS v`;
}

export function perPersonComparison(measure: Measure, op: Order, value: string): string {
  const order = SQL_ORDER[op];
  if (measure.of === 'count') return `toDecimal256(sum(found.n), 9) ${order} ${value}`;
  if (measure.of === 'distinct') return `toDecimal256(uniqExactMerge(found.v), 9) ${order} ${value}`;
  if (measure.of === 'first') return `min(found.t) ${order} ${value}`;
  if (measure.of === 'last') return `max(found.t) ${order} ${value}`;
  // An average is compared without dividing, so nothing is rounded.
  if (measure.of === 'avg') return `sum(found.v) ${order} ${value} * toDecimal256(sum(found.n), 0)`;
  return `${measure.of}(found.v) ${order} ${value}`;
}

/** Whether the comparison holds where there is no event: count, sum and distinct are zero then, the others missing. */
export function holdsOfNothing({ measure, op, value }: EventLeaf | EveryLeaf): boolean {
  const zero = measure.of === 'count' || measure.of === 'sum' || measure.of === 'distinct';
  if (!zero || value.type !== 'number') return false;
  const sign = -signOf(value.value);
  if (op === 'eq') return sign === 0;
  if (op === 'ne') return sign !== 0;
  if (op === 'gt') return sign > 0;
  if (op === 'gte') return sign >= 0;
  return op === 'lt' ? sign < 0 : sign <= 0;
}

export function compileFirstEvent(leaf: FirstEventLeaf, scope: CompileScope): CompiledSet {
  const perNode =
    `SELECT node, min(occurred_at) AS t FROM percorso.event ` +
    `WHERE ${selectEvents(scope, leaf.events, {})} GROUP BY node`;
  return {
    persons: personsOf(scope, perNode, inWindow(scope, leaf.window, 'min(found.t)').join(' AND ')),
    complement: false,
  };
}
