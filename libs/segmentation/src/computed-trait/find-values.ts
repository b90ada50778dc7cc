import type { Shards } from '@percorso/storage';
import type { SetScope } from '../compile/compile-scope';
import { compileTrait, readTraitValues, valueOfNothing } from '../compile/compile-trait';
import type { MeasuredTrait } from './trait-definition';
import type { TraitValue } from './trait-value';

/** A measured trait's value of anybody, as of the scope. Every person is on one shard with all its events. */
export async function findValues(
  shards: Shards,
  trait: MeasuredTrait,
  scope: SetScope,
): Promise<(person: number) => TraitValue | undefined> {
  const compiled = compileTrait(trait, scope);
  const parts = await shards.each((client) => readTraitValues(client, compiled));
  const nothing = valueOfNothing(trait);
  return (person) => {
    const part = parts.find((values) => values.has(person));
    return part ? part.get(person) : nothing;
  };
}
