import type { Shards } from '@percorso/storage';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { SetScope } from '../compile/compile-scope';
import { compileLeaves, keyOf, POPULATION } from '../compile/compile-set';
import { type Condition, type Definition, leavesOf } from '../definition/definition';
import { type LeafSets, readLeafSets } from './leaf-sets';
import { sharingAccounts } from './sharing-accounts';

/** Persons of an audience, in little memory. */
export interface MemberSet {
  readonly size: number;
  /** The lowest `count` persons, all of them when left out; ascending. */
  persons(count?: number): Uint32Array;
}

/** The members of each definition, in their order, all of one pass: what several ask is looked up once. */
export async function findMembers(
  shards: Shards,
  definitions: readonly Definition[],
  scope: SetScope,
): Promise<MemberSet[]> {
  const queries = compileLeaves(definitions, scope);
  const found = await readLeafSets(shards, queries);
  const population = setOf(POPULATION, found);
  try {
    for (const { key, complement } of queries.flatMap(({ sets }) => sets)) {
      const persons = complement && found.get(key);
      if (!persons) continue;
      found.set(key, RoaringBitmap32.andNot(population, persons));
      persons.dispose();
    }
    for (const leaf of definitions.flatMap(({ where }) => [...leavesOf(where)])) {
      if (leaf.kind !== 'accountMember' || found.has(keyOf(leaf))) continue;
      const satisfying = membersOf(leaf.where, found, population);
      satisfying.andInPlace(population);
      found.set(keyOf(leaf), await sharingAccounts(shards, leaf, satisfying, scope));
      satisfying.dispose();
    }
    return definitions.map(({ where }) => {
      const members = membersOf(where, found, population);
      members.andInPlace(population);
      return kept(members);
    });
  } finally {
    // What lies in WebAssembly's memory is not collected in time.
    for (const set of found.values()) set.dispose();
  }
}

/** Set algebra, to a bitmap of the caller's own. */
function membersOf(condition: Condition, sets: LeafSets, population: RoaringBitmap32): RoaringBitmap32 {
  if (condition.kind === 'not') {
    const inner = membersOf(condition.condition, sets, population);
    const others = RoaringBitmap32.andNot(population, inner);
    inner.dispose();
    return others;
  }
  if (condition.kind !== 'all' && condition.kind !== 'any') return setOf(keyOf(condition), sets).clone();
  const [first, ...others] = condition.conditions;
  const members = first ? membersOf(first, sets, population) : population.clone();
  for (const other of others) {
    const inner = membersOf(other, sets, population);
    if (condition.kind === 'all') members.andInPlace(inner);
    else members.orInPlace(inner);
    inner.dispose();
  }
  return members;
}

function setOf(key: string, sets: LeafSets): RoaringBitmap32 {
  const found = sets.get(key);
  if (!found) throw new RangeError('a set was not asked for');
  return found;
}

function kept(members: RoaringBitmap32): MemberSet {
  const size = members.size;
  const bytes = members.serialize('portable');
  members.dispose();
  return {
    size,
    persons: (count = size) => {
      if (count === 0) return new Uint32Array();
      const bitmap = RoaringBitmap32.deserialize('portable', bytes);
      const persons = bitmap.toUint32Array(Math.min(count, size));
      bitmap.dispose();
      return persons;
    },
  };
}
