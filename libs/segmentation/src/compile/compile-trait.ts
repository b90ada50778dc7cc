import type { ClickHouseClient } from '@clickhouse/client';
import {
  isValueMeasure,
  leafOf,
  type MeasuredTrait,
  type ValueMeasure,
} from '../computed-trait/trait-definition';
import type { Measure } from '../definition/definition';
import { DEFAULT_ZONE } from '../definition/zones';
import { measured, selectMeasured } from './compile-event-leaf';
import type { CompileScope, SetScope } from './compile-scope';
import { Parameters } from './parameters';
import { peopleOf, PERSON } from './people';

export interface TraitQuery {
  /** ClickHouse SQL of rows `person`, `value`: a letter for the type (s text, n units of 10^-9, b boolean, t Unix milliseconds), then the text. */
  query: string;
  params: Record<string, unknown>;
}

/** A measured trait's value for every person with matching events, as of the scope. */
export function compileTrait(trait: MeasuredTrait, scope: SetScope): TraitQuery {
  const parameters = new Parameters();
  const inner: CompileScope = { zone: DEFAULT_ZONE, ...scope, asOfPos: String(scope.asOfPos), parameters };
  const events = `percorso.event WHERE ${selectMeasured(inner, leafOf(trait))}`;
  const { measure } = trait;
  const [value, persons] = isValueMeasure(measure)
    ? [CHOSEN, chosen(measure, events, parameters)]
    : [
        valueOf(measure),
        `SELECT ${PERSON} AS person, ${measured(measure, parameters)} FROM ${events} GROUP BY person`,
      ];
  const people = peopleOf(`workspace_id = ${parameters.uuid(scope.workspaceId)}`);
  return {
    query: `WITH ${people} SELECT person, ${value} AS value FROM (${persons}) WHERE person > 0`,
    params: parameters.values,
  };
}

/** Of the columns of a measure. */
function valueOf(measure: Measure): string {
  const number = (units: string): string => `concat('n', toString(${units}))`;
  switch (measure.of) {
    case 'count':
    case 'distinct':
      return number('toInt256(n) * 1000000000');
    case 'first':
    case 'last':
      return `concat('t', toString(toUnixTimestamp64Milli(t)))`;
    case 'avg': {
      // Half away from zero, in whole numbers: ClickHouse's own division of decimals cuts off.
      const [sum, count] = [unitsOf('v'), 'toInt256(n)'];
      return number(`sign(${sum}) * intDiv(2 * abs(${sum}) + ${count}, 2 * ${count})`);
    }
    default:
      return number(unitsOf('v'));
  }
}

/** A Decimal of nine places in units of the last of them. */
const unitsOf = (decimal: string): string => `toInt256(${decimal} * toDecimal256(1000000000, 0))`;

/** The value at a path as (kind, number, text): booleans before numbers before texts, each in its order. */
function parts(path: string): string {
  const kind = `multiIf(mapContains(strings, ${path}), 3, mapContains(numbers, ${path}), 2, 1)`;
  const text = `multiIf(mapContains(strings, ${path}), strings[${path}], mapContains(numbers, ${path}), '', toString(booleans[${path}]))`;
  return `tuple(${kind}, numbers[${path}], ${text})`;
}

/** Rows of persons with their `best`: how rare the value is, how far away, and its parts; the smallest of all. */
function chosen({ of, path }: ValueMeasure, events: string, parameters: Parameters): string {
  const value = parts(parameters.text(path));
  const best = (rarity: string, distance: string): string =>
    `min(tuple(${rarity}, ${distance}, v.1, v.2, v.3)) AS best`;
  if (of === 'mostFrequent') {
    const counted = `SELECT ${PERSON} AS person, ${value} AS v, count() AS n, max(occurred_at) AS t FROM ${events} GROUP BY person, v`;
    const often = best('-toInt64(n)', '-toUnixTimestamp64Milli(t)');
    return `SELECT person, ${often} FROM (${counted}) GROUP BY person`;
  }
  const valued = `SELECT ${PERSON} AS person, toUnixTimestamp64Milli(occurred_at) AS t, ${value} AS v FROM ${events}`;
  return `SELECT person, ${best('0', of === 'lastValue' ? '-t' : 't')} FROM (${valued}) GROUP BY person`;
}

const CHOSEN =
  `multiIf(best.3 = 3, concat('s', best.5), ` +
  `best.3 = 2, concat('n', toString(${unitsOf('toDecimal256(best.4, 9)')})), concat('b', best.5))`;

/** Units of 10^-9, a text or a boolean; undefined where a number is too large to be kept. */
type TraitValue = string | bigint | boolean | undefined;

/** The values of a compiled trait by person. */
export async function readTraitValues(
  clickhouse: ClickHouseClient,
  { query, params }: TraitQuery,
): Promise<Map<number, TraitValue>> {
  const answer = await clickhouse.query({ query, query_params: params, format: 'JSONCompactEachRow' });
  const values = new Map<number, TraitValue>();
  for await (const rows of answer.stream<[number, string]>()) {
    for (const row of rows) {
      const [person, value] = row.json();
      values.set(person, read(value));
    }
  }
  return values;
}

function read(tagged: string): TraitValue {
  const text = tagged.slice(1);
  switch (tagged[0]) {
    case 'n':
      return text.length <= 38 || (text.length === 39 && text.startsWith('-')) ? BigInt(text) : undefined;
    case 'b':
      return text === 'true';
    case 't':
      return new Date(Number(text)).toISOString();
    default:
      return text;
  }
}

/** The value of persons without a matching event. */
export const valueOfNothing = ({ measure }: MeasuredTrait): bigint | undefined =>
  measure.of === 'count' || measure.of === 'sum' || measure.of === 'distinct' ? 0n : undefined;
