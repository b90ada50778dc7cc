import { leavesOf } from '../definition/definition';
import { conditionOf, type TraitDefinition, traitKeysOf } from './trait-definition';

interface Keyed {
  key: string;
  definition: TraitDefinition;
}

/** The keys of traits that a trait looks at. */
export const keysOf = ({ definition }: Pick<Keyed, 'definition'>): string[] => [
  ...new Set([...leavesOf(conditionOf(definition))].flatMap(traitKeysOf)),
];

/** Each trait after those it looks at. `circle`: keys that look, one after the other, at themselves. */
export function inOrder<T extends Keyed>(traits: readonly T[]): { ordered: T[]; circle?: string[] } {
  const byKey = new Map(traits.map((trait) => [trait.key, trait]));
  const ordered = new Set<T>();
  let circle: string[] | undefined;
  const visit = (trait: T, path: readonly string[]): void => {
    if (path.includes(trait.key)) circle ??= [...path.slice(path.indexOf(trait.key)), trait.key];
    if (circle || ordered.has(trait)) return;
    for (const key of keysOf(trait)) {
      const used = byKey.get(key);
      if (used) visit(used, [...path, trait.key]);
    }
    ordered.add(trait);
  };
  for (const trait of traits) visit(trait, []);
  return { ordered: [...ordered], ...(circle && { circle }) };
}

/** Traits that look at one of `keys`, or at a trait that does. */
export function usersOf(traits: readonly Keyed[], keys: readonly string[]): string[] {
  const users = new Set<string>();
  for (let of = keys; of.length > 0;) {
    const found = traits.filter(
      (trait) => !users.has(trait.key) && keysOf(trait).some((key) => of.includes(key)),
    );
    for (const { key } of found) users.add(key);
    of = found.map(({ key }) => key);
  }
  return [...users];
}
