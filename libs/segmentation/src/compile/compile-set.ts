import { canonicalJson } from '@percorso/kernel';
import { type Definition, type Leaf, leavesOf, type PersonLeaf, type Test } from '../definition/definition';
import { DEFAULT_ZONE } from '../definition/zones';
import { compileAccount, compileMembers } from './compile-account';
import { type CompiledSet, compileEventLeaf, compileFirstEvent } from './compile-event-leaf';
import { compileEvery } from './compile-every';
import { compileIdentity } from './compile-identity';
import { compileList } from './compile-list';
import { compileProfileLeaf, type ProfileLeaf } from './compile-profile-leaf';
import type { CompileScope, SetScope } from './compile-scope';
import { compileSequence } from './compile-sequence';
import { Parameters } from './parameters';
import { peopleOf } from './people';

export interface LeafQuery {
  /** ClickHouse SQL of one row per set, in any order: `leaf`, its place in `sets`, and `persons`, a bitmap in base64. */
  query: string;
  params: Record<string, unknown>;
  sets: LeafSet[];
}

export interface LeafSet {
  /** `keyOf` the leaf, or POPULATION. */
  key: string;
  /** The leaf holds for every live profile but these. */
  complement: boolean;
}

type SetLeaf = Exclude<PersonLeaf, ProfileLeaf>;

/** The key of the set of all live profiles. */
export const POPULATION = '';
/** Leaves that say the same are one. */
export const keyOf = (leaf: Leaf): string => canonicalJson(leaf);

/** Sources in one query: more of them only cost memory, each having a table of persons; fewer read the map of nodes again. */
const SOURCES = 16;
/** Conditions in one scan of the profiles. */
const CONDITIONS = 100;

/**
 * Queries for all that some definitions ask of the data, at one position and moment. All leaves on profiles, and the
 * population, come from one scan; every other distinct leaf is one query over its own events or identities, leaves that
 * differ only in what they compare a measure with the same one. Which definition asks what is no matter here.
 */
export function compileLeaves(definitions: readonly Definition[], scope: SetScope): LeafQuery[] {
  const leaves = new Map<string, Leaf>();
  for (const { where } of definitions) for (const leaf of leavesOf(where)) leaves.set(keyOf(leaf), leaf);
  const conditions: ProfileLeaf[] = [];
  const sources = new Map<string, SetLeaf[]>();
  for (const leaf of leaves.values()) {
    // Found by what is asked of members, which are leaves of their own.
    if (leaf.kind === 'accountMember') continue;
    if (isProfileLeaf(leaf)) conditions.push(leaf);
    else sources.set(sourceOf(leaf), [...(sources.get(sourceOf(leaf)) ?? []), leaf]);
  }
  const others = [...sources.values()];
  const queries: LeafQuery[] = [];
  do {
    const some = others.splice(0, SOURCES).flat();
    queries.push(compileQuery(queries.length === 0, conditions.splice(0, CONDITIONS), some, scope));
  } while (conditions.length + others.length > 0);
  return queries;
}

/** ClickHouse SQL of rows account, members: those who share the accounts that pass all tests. */
export function compileSharing(
  account: readonly Test[],
  scope: SetScope,
): { query: string; params: Record<string, unknown> } {
  const parameters = new Parameters();
  const query = compileMembers(account, scopeOf(scope, parameters));
  return { query, params: parameters.values };
}

const scopeOf = (scope: SetScope, parameters: Parameters): CompileScope => ({
  ...scope,
  asOfPos: String(scope.asOfPos),
  zone: scope.zone ?? DEFAULT_ZONE,
  parameters,
});

/** The same for leaves whose measures are the same. */
const sourceOf = (leaf: SetLeaf): string =>
  leaf.kind === 'event' ? canonicalJson([leaf.events, leaf.window, leaf.measure]) : keyOf(leaf);

function compileQuery(
  population: boolean,
  conditions: readonly ProfileLeaf[],
  leaves: readonly SetLeaf[],
  scope: SetScope,
): LeafQuery {
  const parameters = new Parameters();
  const inner = scopeOf(scope, parameters);
  const workspace = `workspace_id = ${parameters.uuid(scope.workspaceId)}`;
  const sets: LeafSet[] = [];
  /** Source -> the sets that are found in it. */
  const found = new Map<string, string[]>();
  const add = (source: string, set: LeafSet, having?: string): void => {
    const bitmap =
      having === undefined ? 'groupBitmapState(person)' : `groupBitmapStateIf(person, ${having})`;
    const row = `(toUInt16(${sets.push(set) - 1}), base64Encode(toString(${bitmap})))`;
    found.set(source, [...(found.get(source) ?? []), row]);
  };
  const profiles = `percorso.profile FINAL WHERE ${workspace} AND deleted = 0`;
  if (population) add(profiles, { key: POPULATION, complement: false });
  for (const leaf of conditions)
    add(profiles, { key: keyOf(leaf), complement: false }, compileProfileLeaf(leaf, inner));
  for (const leaf of leaves) {
    const { persons, having, complement } = compileLeaf(leaf, inner);
    add(`(${persons})`, { key: keyOf(leaf), complement }, having);
  }
  const parts = [...found].map(
    ([source, rows]) =>
      `SELECT (arrayJoin([${rows.join(', ')}]) AS pair).1 AS leaf, pair.2 AS persons FROM ${source}`,
  );
  const people = leaves.some(({ kind }) => kind !== 'identity' && kind !== 'account');
  return {
    query: `${people ? `WITH ${peopleOf(workspace)} ` : ''}SELECT leaf, persons FROM (${parts.join(' UNION ALL ')})`,
    params: parameters.values,
    sets,
  };
}

function isProfileLeaf(leaf: PersonLeaf): leaf is ProfileLeaf {
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
