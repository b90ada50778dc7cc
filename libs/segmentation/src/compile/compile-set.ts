import { canonicalJson } from '@percorso/kernel';
import { type Condition, type Definition, type Leaf, leavesOf } from '../definition/definition';
import { compileAccount } from './compile-account';
import { type CompiledSet, compileEventLeaf, compileFirstEvent } from './compile-event-leaf';
import { compileEvery } from './compile-every';
import { compileIdentity } from './compile-identity';
import { compileList } from './compile-list';
import { compileProfileLeaf, type ProfileLeaf } from './compile-profile-leaf';
import type { CompileScope, SetScope } from './compile-scope';
import { compileSequence } from './compile-sequence';
import { DEFAULT_ZONE } from '../definition/zones';
import { Parameters } from './parameters';

export interface CompiledQuery {
  /** ClickHouse SQL of one row: columns `count` and `sample`, the lowest {sampleSize:UInt32} persons. */
  preview: string;
  /** The same persons as rows of one column `person`, each once, in no order. */
  query: string;
  params: Record<string, unknown>;
}

type SetLeaf = Exclude<Leaf, ProfileLeaf>;

/**
 * One query for a whole definition. All leaves on profiles, and the population, come from one scan of the profiles;
 * every other distinct leaf is one query over its own events or identities. Each becomes a bitmap of persons, once, and the
 * definition is algebra over these.
 */
export function compileSet(definition: Definition, scope: SetScope): CompiledQuery {
  const parameters = new Parameters();
  const inner: CompileScope = {
    ...scope,
    asOfPos: String(scope.asOfPos),
    zone: scope.zone ?? DEFAULT_ZONE,
    parameters,
  };
  const leaves = new Map<string, Leaf>();
  for (const leaf of leavesOf(definition.where)) leaves.set(canonicalJson(leaf), leaf);

  const names = new Map<string, string>();
  const columns = ['groupBitmapState(person)'];
  const sets: string[] = [];
  for (const [key, leaf] of leaves) {
    if (isProfileLeaf(leaf)) {
      columns.push(`groupBitmapStateIf(person, ${compileProfileLeaf(leaf, inner)})`);
      names.set(key, `profiles.${columns.length}`);
    } else {
      const { persons, complement } = compileLeaf(leaf, inner);
      const name = `leaf${sets.length}`;
      sets.push(`(SELECT groupBitmapState(person) FROM (${persons})) AS ${name}`);
      names.set(key, complement ? `bitmapAndnot(${POPULATION}, ${name})` : name);
    }
  }
  const profiles =
    `(SELECT tuple(${columns.join(', ')}) FROM percorso.profile FINAL ` +
    `WHERE workspace_id = ${parameters.uuid(scope.workspaceId)} AND deleted = 0) AS profiles`;
  const answer = algebra(definition.where, (leaf) => names.get(canonicalJson(leaf)) ?? POPULATION);
  const withClause = `WITH ${[profiles, ...sets].join(', ')}`;
  const members = `bitmapAnd(${POPULATION}, ${answer})`;
  return {
    preview:
      `${withClause} SELECT bitmapCardinality(${members}) AS count, ` +
      `bitmapToArray(bitmapSubsetLimit(${members}, 0, {sampleSize:UInt32})) AS sample`,
    query: `${withClause} SELECT arrayJoin(bitmapToArray(${members})) AS person`,
    params: parameters.values,
  };
}

const POPULATION = 'profiles.1';

function isProfileLeaf(leaf: Leaf): leaf is ProfileLeaf {
  return ['trait', 'consent', 'calendar', 'sample'].includes(leaf.kind);
}

function compileLeaf(leaf: SetLeaf, scope: CompileScope): CompiledSet {
  switch (leaf.kind) {
    case 'account':
      return compileAccount(leaf, scope);
    case 'list':
      return compileList(leaf, scope);
    case 'identity':
      return compileIdentity(leaf, scope);
    case 'event':
      return compileEventLeaf(leaf, scope);
    case 'every':
      return compileEvery(leaf, scope);
    case 'firstEvent':
      return compileFirstEvent(leaf, scope);
    case 'sequence':
      return compileSequence(leaf, scope);
  }
}

function algebra(condition: Condition, nameOf: (leaf: Leaf) => string): string {
  if (condition.kind === 'not') return `bitmapAndnot(${POPULATION}, ${algebra(condition.condition, nameOf)})`;
  if (condition.kind !== 'all' && condition.kind !== 'any') return nameOf(condition);
  const join = condition.kind === 'all' ? 'bitmapAnd' : 'bitmapOr';
  const parts = condition.conditions.map((inner) => algebra(inner, nameOf));
  return parts.reduce((left, right) => `${join}(${left}, ${right})`);
}
