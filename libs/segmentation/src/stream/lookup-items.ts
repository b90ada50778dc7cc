import type { FlatValues } from '@percorso/profile';
import type { Lookup, Test } from '../definition/definition';
import { decimalOf } from './numeric';
import { isNumeric, passes, type Scalar, scalarAt } from './scalar';

interface Kept {
  fields: Set<string>;
  items: Map<string, FlatValues>;
}

/** Items of the lookups a plan looks at, only the fields it looks at, as of a version. */
export class LookupItems {
  /** Every change of items up to here is in. */
  version = 0;
  /** Counts changes: answers that looked items up before the last one may be others now. */
  changes = 0;
  private readonly lookups = new Map<string, Kept>();

  /** The lookups to keep. */
  get names(): string[] {
    return [...this.lookups.keys()];
  }

  need({ name, field }: Lookup): void {
    const kept = this.lookups.get(name);
    if (kept) kept.fields.add(field);
    else this.lookups.set(name, { fields: new Set([field]), items: new Map() });
  }

  set(name: string, key: string, values: FlatValues | undefined): void {
    const kept = this.lookups.get(name);
    this.changes += 1;
    if (values) kept?.items.set(key, picked(values, kept.fields));
    else kept?.items.delete(key);
  }

  /** Whether the item that `found` names passes; a missing item has no values. */
  pass(test: Test, found: Scalar | undefined, now: number): boolean {
    const lookup = test.lookup!;
    return passes(test, this.itemOf(lookup, found), now, lookup.field);
  }

  /** What is at the field of the item that `found` names. */
  valueOf(lookup: Lookup, found: Scalar | undefined): Scalar | undefined {
    return scalarAt(this.itemOf(lookup, found), lookup.field);
  }

  private itemOf({ name }: Lookup, found: Scalar | undefined): FlatValues {
    const key = keyOf(found);
    return (key === undefined ? undefined : this.lookups.get(name)?.items.get(key)) ?? NOTHING;
  }
}

const NOTHING: FlatValues = { numbers: {}, strings: {}, booleans: {}, lists: {} };

function picked(values: FlatValues, fields: ReadonlySet<string>): FlatValues {
  const pick = <T>(from: Record<string, T>): Record<string, T> =>
    Object.fromEntries(
      [...fields].flatMap((name) => (Object.hasOwn(from, name) ? [[name, from[name]!]] : [])),
    );
  const { numbers, strings, booleans, lists } = values;
  return { numbers: pick(numbers), strings: pick(strings), booleans: pick(booleans), lists: pick(lists) };
}

function keyOf(found: Scalar | undefined): string | undefined {
  if (isNumeric(found)) return decimalOf(found);
  return typeof found === 'string' ? found : undefined;
}
