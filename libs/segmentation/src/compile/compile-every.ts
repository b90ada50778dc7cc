import { type EveryLeaf, instantOf } from '../definition/definition';
import { comparison, type CompiledSet, holdsOfNothing, measured, selectMeasured } from './compile-event-leaf';
import type { CompileScope } from './compile-scope';
import { PERSON } from './people';

/**
 * The measure per person and period. Where it also holds of a period without events, it is enough to find the persons
 * of whom it fails in some period with events; else it must hold in as many periods with events as there are.
 */
export function compileEvery(leaf: EveryLeaf, scope: CompileScope): CompiledSet {
  const { parameters, now } = scope;
  const end = parameters.integer(instantOf(leaf.window.to, now));
  const length = parameters.integer(leaf.every);
  // A period is [start, end): the millisecond of its end belongs to the next.
  const period = `intDiv(${end} - 1 - toUnixTimestamp64Milli(occurred_at), ${length})`;
  const holds = comparison(leaf.measure, leaf.op, parameters.decimal(leaf.value.value));
  const complement = holdsOfNothing(leaf);
  const perPeriod =
    `SELECT ${PERSON} AS person, ${period} AS period, ${measured(leaf.measure, parameters)} FROM percorso.event ` +
    `WHERE ${selectMeasured(scope, leaf)} GROUP BY person, period HAVING ${complement ? `NOT (${holds})` : holds}`;
  const enough = complement ? '' : ` HAVING count() = ${parameters.integer(leaf.periods)}`;
  return { persons: `SELECT person FROM (${perPeriod}) GROUP BY person${enough}`, complement };
}
