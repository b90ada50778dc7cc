import type { Transaction } from '@percorso/storage';
import type { NewestEffect } from './effect-news';
import type { Told } from './plan-page';
import type { LastEffect } from './plan-row';
import { MODE_RULES, type SyncMode } from './sync-mode';

const REACHED = `(state IN ('pending', 'sending', 'accepted', 'unknown') OR doubtful_since IS NOT NULL)`;

/**
 * What was told of some persons so far, as far as a mode asks.
 * @param leaving of whom it matters what the target has; the others' is looked up only where the mode tells each person once
 */
export async function readTold(
  tx: Transaction,
  { syncId, connectorId }: { syncId: string; connectorId: string },
  mode: SyncMode,
  persons: readonly number[],
  leaving: readonly number[] = persons,
): Promise<Told> {
  const { once, onlyKnown } = MODE_RULES[mode];
  const [reached, newest, known] = await Promise.all([
    lastEffects(tx, syncId, once ? persons : leaving),
    newestEffects(tx, syncId, persons),
    onlyKnown ? knownPersons(tx, connectorId, persons) : new Set<number>(),
  ]);
  return { reached, newest, known };
}

/** The newest effect of a sync that reached the target, or may have or may yet, for each person that has one. */
export async function lastEffects(
  tx: Transaction,
  syncId: string,
  persons: readonly number[],
): Promise<Map<number, LastEffect>> {
  if (persons.length === 0) return new Map();
  const { rows } = await tx.query<LastEffect & { person: number }>(
    `SELECT DISTINCT ON (person) person, membership_version % 2 = 1 AS entered, payload FROM effect
     WHERE workspace_id = $1 AND sync_id = $2 AND person = ANY($3::int[]) AND ${REACHED}
     ORDER BY person, membership_version DESC, revision DESC`,
    [tx.workspaceId, syncId, persons],
  );
  return new Map(rows.map((row) => [row.person, row]));
}

/** The newest effect of a sync for each person that has one, whatever became of it. */
async function newestEffects(
  tx: Transaction,
  syncId: string,
  persons: readonly number[],
): Promise<Map<number, NewestEffect>> {
  if (persons.length === 0) return new Map();
  const { rows } = await tx.query<NewestEffect>(
    `SELECT DISTINCT ON (person) person, membership_version::int AS version, state, content_hash AS "contentHash",
       reason_code AS "reasonCode", pointer FROM effect
     WHERE workspace_id = $1 AND sync_id = $2 AND person = ANY($3::int[])
     ORDER BY person, membership_version DESC, revision DESC`,
    [tx.workspaceId, syncId, persons],
  );
  return new Map(rows.map((row) => [row.person, row]));
}

/** Of whom the target of a connector has a record, by what all its syncs were told last. */
async function knownPersons(
  tx: Transaction,
  connectorId: string,
  persons: readonly number[],
): Promise<Set<number>> {
  if (persons.length === 0) return new Set();
  const { rows } = await tx.query<{ person: number }>(
    `SELECT person FROM (
       SELECT DISTINCT ON (person) person, operation FROM effect
       WHERE workspace_id = $1 AND sync_id = ANY(ARRAY(SELECT id FROM sync WHERE workspace_id = $1 AND connector_id = $2))
         AND person = ANY($3::int[]) AND state IN ('accepted', 'unknown') ORDER BY person, id DESC) AS last
     WHERE operation <> 'remove'`,
    [tx.workspaceId, connectorId, persons],
  );
  return new Set(rows.map(({ person }) => person));
}
