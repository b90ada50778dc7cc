import { toDecimal } from '@percorso/kernel';
import { flatten, FlatValues } from './flatten';
import { plainTraits, type TraitStamp, type TraitStamps } from './said-trait';

/** A value of a computed trait; numbers are decimal text, so that they stay exact. */
export type ComputedValue = { number: string } | { text: string } | { boolean: boolean };

/** What the hub computed of a person: key -> value and when it became that. */
export type ComputedValues = Record<string, ComputedValue & { at: string }>;

/** The source that computed traits name. */
export const COMPUTED_SOURCE = 'computed';

/** Keys of traits that the hub keeps; $1 is the workspace. */
export const COMPUTED_KEYS = `SELECT key FROM computed_trait WHERE workspace_id = $1 AND state = 'active'`;

/** Of the table profile: the traits sources said, without those. */
export const OWN_TRAITS = `traits - ARRAY(${COMPUTED_KEYS}) AS traits`;

/** All traits as readers see them. */
export function withComputed(traits: TraitStamps, computed: ComputedValues): TraitStamps {
  const stamps = Object.entries(computed).map(([key, { at, ...value }]): [string, TraitStamp] => [
    key,
    { value: jsonOf(value), source: COMPUTED_SOURCE, at, pos: 0 },
  ]);
  return stamps.length === 0 ? traits : { ...traits, ...Object.fromEntries(stamps) };
}

/** The same as conditions see them. */
export function flatTraits(traits: TraitStamps, computed: ComputedValues): FlatValues {
  const flat = flatten(plainTraits(traits));
  for (const [key, value] of Object.entries(computed)) setFlat(flat, key, value);
  return flat;
}

/** Put a value in the place of what is at `key`; undefined: nothing. */
export function setFlat(flat: FlatValues, key: string, value: ComputedValue | undefined): void {
  for (const values of [flat.numbers, flat.strings, flat.booleans, flat.lists]) delete values[key];
  if (!value) return;
  if ('number' in value) flat.numbers[key] = value.number;
  else if ('text' in value) flat.strings[key] = value.text;
  else flat.booleans[key] = value.boolean;
}

/** Values as JSON, of those there are. */
export const plainComputed = (
  values: ReadonlyMap<string, ComputedValue | undefined>,
): Record<string, unknown> =>
  Object.fromEntries([...values].flatMap(([key, value]) => (value ? [[key, jsonOf(value)]] : [])));

/** A number that JSON readers would round is its decimal text. */
function jsonOf(value: ComputedValue): unknown {
  if ('text' in value) return value.text;
  if ('boolean' in value) return value.boolean;
  const number = Number(value.number);
  return toDecimal(number) === value.number ? number : value.number;
}
