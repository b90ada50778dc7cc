import {
  type EventLeaf,
  type EventSelector,
  type FirstEventLeaf,
  instantOf,
  type Measure,
  type Window,
} from '../definition/definition';
import { signOf } from '../definition/exact-decimal';
import { compileTest, dateOf, SQL_ORDER } from './compile-test';
import type { CompileScope } from './compile-scope';

/** Persons found by a query; `complement`: the leaf holds for every live profile but these. */
export interface CompiledSet {
  /** A query of one column, person, each once. */
  persons: string;
  complement: boolean;
}

/** Conditions on percorso.event that select what a leaf looks at, up to the evaluation's position. */
export function selectEvents(scope: CompileScope, events: EventSelector, window: Window): string {
  const { parameters, now } = scope;
  return [
    `workspace_id = ${parameters.uuid(scope.workspaceId)}`,
    `name = ${parameters.text(events.name)}`,
    `pos <= ${parameters.position(scope.asOfPos)}`,
    ...inWindow(scope, window, 'occurred_at'),
    ...events.where.map((test) => compileTest(test, parameters, now)),
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

/** Rows of nodes (column node first) become rows of persons, grouped under `having`: an event keeps its node for good. */
export function personsOf(scope: CompileScope, perNode: string, having: string): string {
  return (
    `SELECT map.person AS person FROM (${perNode}) AS found ` +
    `INNER JOIN (SELECT node, person FROM percorso.node_person FINAL ` +
    `WHERE workspace_id = ${scope.parameters.uuid(scope.workspaceId)}) AS map ON map.node = found.node ` +
    `GROUP BY person HAVING ${having}`
  );
}

export function compileEventLeaf(leaf: EventLeaf, scope: CompileScope): CompiledSet {
  const { measure, op, value } = leaf;
  const path = 'path' in measure ? scope.parameters.text(measure.path) : '';
  const numbersOnly = path ? ` AND mapContains(numbers, ${path})` : '';
  const perNode =
    `SELECT node, ${perNodeMeasure(measure, path)} FROM percorso.event ` +
    `WHERE ${selectEvents(scope, leaf.events, leaf.window)}${numbersOnly} GROUP BY node`;
  const compared =
    value.type === 'date'
      ? dateOf(value, scope.parameters, scope.now)
      : scope.parameters.decimal(value.value);
  const holds = perPersonComparison(measure, SQL_ORDER[op], compared);
  // Who has no such event has a count and a sum of zero, and no minimum, maximum, average, first or last.
  const zeroHolds =
    (measure.of === 'count' || measure.of === 'sum') &&
    value.type === 'number' &&
    ordered(op, -signOf(value.value));
  return { persons: personsOf(scope, perNode, zeroHolds ? `NOT (${holds})` : holds), complement: zeroHolds };
}

function perNodeMeasure(measure: Measure, path: string): string {
  const number = `toDecimal256(numbers[${path}], 9)`;
  if (measure.of === 'count') return 'count() AS n';
  if (measure.of === 'first') return 'min(occurred_at) AS t';
  if (measure.of === 'last') return 'max(occurred_at) AS t';
  if (measure.of === 'avg') return `sum(${number}) AS v, count() AS n`;
  return `${measure.of}(${number}) AS v`;
}

function perPersonComparison(measure: Measure, order: string, value: string): string {
  if (measure.of === 'count') return `toDecimal256(sum(found.n), 9) ${order} ${value}`;
  if (measure.of === 'first') return `min(found.t) ${order} ${value}`;
  if (measure.of === 'last') return `max(found.t) ${order} ${value}`;
  // An average is compared without dividing, so nothing is rounded.
  if (measure.of === 'avg') return `sum(found.v) ${order} ${value} * toDecimal256(sum(found.n), 0)`;
  return `${measure.of}(found.v) ${order} ${value}`;
}

function ordered(op: EventLeaf['op'], sign: number): boolean {
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
