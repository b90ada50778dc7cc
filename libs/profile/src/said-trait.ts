import { isLater, Stamp } from './stamp';

/** A value of a trait with who said it and when; null is a removal. */
export type TraitStamp = Stamp & { value: unknown };
/** The values that count, by trait. */
export type TraitStamps = Record<string, TraitStamp>;

/** What was said of a trait: the latest, and of every other source its latest, where more than one spoke. */
export type SaidTrait = TraitStamp & { others?: TraitStamp[] };
export type SaidTraits = Record<string, SaidTrait>;

/** Sources by rank, the lowest counting most. Those not named share the last rank; without any the latest counts. */
export type Ranks = ReadonlyMap<string, number>;

/** All that was said of a trait, one value a source, the latest first. */
export function saidOf(trait: SaidTrait): TraitStamp[] {
  const { others, ...latest } = trait;
  return [latest, ...(others ?? [])];
}

/** The trait with one more value; undefined when its source has said something later. */
function withSaid(trait: SaidTrait | undefined, said: TraitStamp): SaidTrait | undefined {
  if (!trait) return said;
  if (!trait.others && trait.source === said.source) return isLater(said, trait) ? said : undefined;
  const known = saidOf(trait);
  if (
    !isLater(
      said,
      known.find(({ source }) => source === said.source),
    )
  )
    return undefined;
  const all = [said, ...known.filter(({ source }) => source !== said.source)];
  const [latest, ...others] = all.sort((a, b) => (isLater(a, b) ? -1 : 1));
  return others.length > 0 ? { ...latest!, others } : latest;
}

/** Add one value where its source has said nothing later. True when something changed. */
export function addSaid(into: SaidTraits, key: string, said: TraitStamp): boolean {
  // Assigned, it would set the prototype instead of a key.
  if (key === '__proto__') return false;
  const changed = withSaid(Object.hasOwn(into, key) ? into[key] : undefined, said);
  if (changed) into[key] = changed;
  return changed !== undefined;
}

/** Add what a source says of traits. True when something changed. */
export function addTraits(
  into: SaidTraits,
  traits: Iterable<readonly [string, unknown]>,
  stamp: Stamp,
): boolean {
  let changed = false;
  for (const [key, value] of traits) changed = addSaid(into, key, { value, ...stamp }) || changed;
  return changed;
}

/**
 * The value that counts: of the first rank in which something was said that is not removed, the latest. A removal takes
 * back what was said in its own rank before it, no more. Where every rank is silent the removal said last.
 */
export function countedOf(trait: SaidTrait, ranks: Ranks): TraitStamp {
  const all = saidOf(trait);
  let counted: { rank: number; said: TraitStamp } | undefined;
  const seen = new Set<number>();
  for (const said of ranks.size > 0 ? all : all.slice(0, 1)) {
    const rank = ranks.get(said.source) ?? Infinity;
    if (!seen.has(rank) && said.value !== null && !(counted && counted.rank <= rank))
      counted = { rank, said };
    seen.add(rank);
  }
  return counted?.said ?? all[0]!;
}

/** Trait values as readers see them: without removed ones. */
export function plainTraits(traits: TraitStamps): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(traits).flatMap(([key, { value }]) => (value === null ? [] : [[key, value]])),
  );
}
