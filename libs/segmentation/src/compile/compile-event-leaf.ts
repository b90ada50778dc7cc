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
import { PERSON, SOMEBODY } from './people';

/** Persons found by a query; `complement`: the leaf holds for every live profile but these. */
export interface CompiledSet {
  /** A query with a column person, each once or more often; 0 is nobody. Leaves that have the same share it. */
  persons: string;
  /** Which of its rows tell a person; all when left out. */
  having?: string;
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

export function compileEventLeaf(leaf: EventLeaf, scope: CompileScope): CompiledSet {
  const { measure, op, value } = leaf;
  const events = `percorso.event WHERE ${selectMeasured(scope, leaf)}`;
  const compared =
    value.type === 'date'
      ? dateOf(value, scope.parameters, scope.now)
      : scope.parameters.decimal(value.value);
  const complement = holdsOfNothing(leaf);
  if (measure.of === 'count' && ONE_IS_ENOUGH.has(`${op} ${String(value.type === 'number' && value.value)}`))
    return { persons: `SELECT ${PERSON} AS person FROM ${events}`, complement };
  const holds = comparison(measure, op, compared);
  return {
    persons: `SELECT ${PERSON} AS person, ${measured(measure, scope.parameters)} FROM ${events} GROUP BY person`,
    having: complement ? `NOT (${holds})` : holds,
    complement,
  };
}

/** Counts of which one event more or less says all: nothing needs to be counted. */
const ONE_IS_ENOUGH = new Set(['gte 1', 'gt 0', 'ne 0', 'lt 1', 'lte 0', 'eq 0']);

/** The measure of a group of events, as columns: n a number of something, v a value, t a time. */
export function measured(measure: Measure, parameters: Parameters): string {
  if (measure.of === 'count') return 'count() AS n';
  if (!('path' in measure)) return `${measure.of === 'first' ? 'min' : 'max'}(occurred_at) AS t`;
  const path = parameters.text(measure.path);
  if (measure.of === 'distinct') return `uniqExactIf(${typedValue(path)}, ${SOMEBODY}) AS n`;
  const number = `toDecimal256(numbers[${path}], 9)`;
  return measure.of === 'avg' ? `sum(${number}) AS v, count() AS n` : `${measure.of}(${number}) AS v`;
}

/** A comparison of these columns. */
export function comparison(measure: Measure, op: Order, value: string): string {
  const order = SQL_ORDER[op];
  if (measure.of === 'count' || measure.of === 'distinct') return `toDecimal256(n, 9) ${order} ${value}`;
  if (!('path' in measure)) return `t ${order} ${value}`;
  // An average is compared without dividing, so nothing is rounded.
  return `v ${order} ${value}${measure.of === 'avg' ? ' * toDecimal256(n, 0)' : ''}`;
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
  const first = inWindow(scope, leaf.window, 'min(occurred_at)').join(' AND ');
  return {
    persons:
      `SELECT ${PERSON} AS person FROM percorso.event WHERE ${selectEvents(scope, leaf.events, {})} ` +
      `GROUP BY person HAVING ${first}`,
    complement: false,
  };
}
