import type { Transaction } from '@percorso/storage';
import type { WrittenDefinition } from '../definition/definition';
import { leavesOf } from '../definition/definition';
import { parseDefinition } from '../definition/parse-definition';
import { type ResolvedDefinition, resolveAudiences, type Unusable } from '../definition/resolve-audiences';
import type { AudienceStore } from './audience.store';

/** Held while which audience uses which is checked and changed: two changes at once could make a circle. */
export async function holdUses(tx: Transaction): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `percorso:audiences:${tx.workspaceId}`,
  ]);
}

/** `written` with the conditions of the audiences it uses, as these are defined now. `self`: whose definition it is. */
export async function resolveUsed(
  tx: Transaction,
  audiences: AudienceStore,
  written: WrittenDefinition,
  self?: string,
): Promise<ResolvedDefinition> {
  const known = new Map<string, WrittenDefinition | Unusable>();
  for (let wanted = usedBy(written); wanted.length > 0;) {
    for (const id of wanted) known.set(id, 'unknown-audience');
    const next: string[] = [];
    for (const { id, state, definition } of await audiences.definitions(tx, wanted)) {
      const parsed = parseDefinition(definition);
      if (state === 'archived') known.set(id, 'archived-audience');
      else if (!parsed.ok) known.set(id, 'unreadable-audience');
      else {
        known.set(id, parsed.definition);
        next.push(...usedBy(parsed.definition));
      }
    }
    wanted = [...new Set(next)].filter((id) => !known.has(id));
  }
  return resolveAudiences(written, (id) => known.get(id) ?? 'unknown-audience', self);
}

const usedBy = ({ where }: WrittenDefinition): string[] => [
  ...new Set([...leavesOf(where)].flatMap((leaf) => (leaf.kind === 'audience' ? [leaf.id] : []))),
];

/** Every active audience that uses this one, or uses one that does. */
export async function usersOf(
  tx: Transaction,
  audiences: AudienceStore,
  id: string,
): Promise<{ id: string; name: string; definition: object }[]> {
  const users = new Map<string, { id: string; name: string; definition: object }>();
  for (let of = [id]; of.length > 0;) {
    const found = await audiences.directUsers(tx, of);
    of = found.map((user) => user.id).filter((user) => !users.has(user));
    for (const user of found) users.set(user.id, user);
  }
  return [...users.values()];
}
