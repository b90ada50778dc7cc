import type { Wire } from '@percorso/connector';
import { DEAD_EFFECT, DEAD_EFFECTS, dropExchanges, ENDED_BADLY, findExchange } from '@percorso/delivery';
import { FIRST_ID } from '@percorso/kernel';
import type { Transaction } from '@percorso/storage';
import type {
  ChosenDeadLetters,
  DeadLetterDetail,
  DeadLetterFilter,
  DeadLetterGroup,
  DeadLetterView,
} from './dead-letter.dto';
import type { Change } from './plan-row';

/** Drops that are as they should be: nothing is to be mended. */
const AS_MEANT = `('never-entered', 'already-told', 'not-there', 'profile-gone')`;

/*
 * Of a sync, and the last word on the person: what was told anew since is no dead letter. A scalar subquery, not an
 * anti-join, as in the ledger.
 */
const DEAD = `e.workspace_id = $1 AND e.sync_id IS NOT NULL AND ${ENDED_BADLY}
  AND coalesce(e.reason_code, '') NOT IN ${AS_MEANT}
  AND (SELECT 1 FROM effect n WHERE n.workspace_id = e.workspace_id AND n.sync_id = e.sync_id AND n.person = e.person
    AND n.membership_version >= e.membership_version
    AND (n.membership_version, n.revision) > (e.membership_version, e.revision) LIMIT 1) IS NULL`;

const MATCHES = `($2::uuid IS NULL OR e.sync_id = $2) AND ($3::uuid IS NULL OR e.run_id = $3)
  AND ($4::text IS NULL OR e.state = $4) AND ($5::text IS NULL OR e.reason_code = $5)
  AND ($6::text IS NULL OR e.pointer = $6) AND ($7::uuid IS NULL OR e.connector_id = $7)`;
const DISCARDED = `EXISTS (SELECT FROM effect_discard x WHERE x.workspace_id = e.workspace_id AND x.effect_id = e.id)`;

/** Versions of a membership are odd when entered. */
const OP = `CASE WHEN e.membership_version % 2 = 1 THEN 'enter' ELSE 'exit' END`;

const COLUMNS = `${DEAD_EFFECT}, e.sync_id AS "syncId", e.run_id AS "runId", e.operation,
  e.membership_version::int AS "membershipVersion", e.mapping_version AS "mappingVersion"`;

const valuesOf = (tx: Transaction, filter: DeadLetterFilter): unknown[] => [
  tx.workspaceId,
  filter.syncId ?? null,
  filter.runId ?? null,
  filter.state ?? null,
  filter.reasonCode ?? null,
  filter.pointer ?? null,
  filter.connectorId ?? null,
];

/** What a view is made of: without the payload no reader may see quoted in the reason what it hides. */
export interface DeadLetterRow extends DeadLetterView {
  payload: object | null;
}

export async function listDeadLetters(
  tx: Transaction,
  filter: DeadLetterFilter & { discarded: boolean },
  afterId: string,
  limit: number,
): Promise<DeadLetterRow[]> {
  const { rows } = await tx.query<DeadLetterRow>(
    `SELECT ${COLUMNS}, e.payload FROM effect e WHERE ${DEAD} AND ${MATCHES} AND ${filter.discarded ? '' : 'NOT '}${DISCARDED}
       AND e.id > $8::uuid ORDER BY e.id LIMIT $9`,
    [...valuesOf(tx, filter), afterId, limit],
  );
  return rows;
}

export async function groupDeadLetters(
  tx: Transaction,
  filter: DeadLetterFilter,
  limit: number,
): Promise<DeadLetterGroup[]> {
  const { rows } = await tx.query<DeadLetterGroup>(
    `SELECT e.sync_id AS "syncId", s.name AS "syncName", ${DEAD_EFFECTS}
     FROM effect e JOIN sync s ON s.workspace_id = e.workspace_id AND s.id = e.sync_id
     WHERE ${DEAD} AND ${MATCHES} AND NOT ${DISCARDED}
     GROUP BY 1, 2, 3, 4, 5 ORDER BY count(*) DESC, 1, 3, 4, 5 LIMIT $8`,
    [...valuesOf(tx, filter), limit],
  );
  return rows;
}

/** One with all that is known of it. */
export type WholeDeadLetter = DeadLetterRow &
  Pick<DeadLetterDetail, 'attempts' | 'discarded'> & { wire?: Wire } & Pick<
    Change,
    'person' | 'op' | 'since'
  > & { key: string; providerId: string | null; expression?: string };

export async function findDeadLetter(tx: Transaction, id: string): Promise<WholeDeadLetter | undefined> {
  const { rows } = await tx.query<Omit<WholeDeadLetter, 'attempts' | 'discarded'>>(
    `SELECT ${COLUMNS}, e.payload, e.key, e.provider_id AS "providerId", e.person, ${OP} AS op, e.created_at AS since,
       v.expression
     FROM effect e JOIN sync s ON s.workspace_id = e.workspace_id AND s.id = e.sync_id
     LEFT JOIN mapping_version v ON v.workspace_id = e.workspace_id AND v.version = e.mapping_version
       AND v.mapping_id = CASE WHEN ${OP} = 'enter' THEN s.mapping_id ELSE s.exit_mapping_id END
     WHERE ${DEAD} AND e.id = $2`,
    [tx.workspaceId, id],
  );
  const [row] = rows;
  if (!row) return undefined;
  const attempts = await tx.query<DeadLetterDetail['attempts'][number]>(
    `SELECT attempt, started_at AS "startedAt", ended_at AS "endedAt", outcome, code FROM effect_attempt
     WHERE workspace_id = $1 AND effect_id = $2 ORDER BY attempt`,
    [tx.workspaceId, id],
  );
  const wire = await findExchange(tx, id);
  const discards = await tx.query<NonNullable<DeadLetterDetail['discarded']>>(
    'SELECT note, actor, at FROM effect_discard WHERE workspace_id = $1 AND effect_id = $2',
    [tx.workspaceId, id],
  );
  return { ...row, wire, attempts: attempts.rows, discarded: discards.rows[0] ?? null };
}

/** A dead letter to be planned again. */
export interface DeadRow extends Change {
  id: string;
  syncId: string;
  payload: object | null;
  /** Left alone: its outcome is unknown, or the membership has another version by now. */
  skipped: boolean;
}

/** Where in the order of chosen dead letters, by sync and age, somebody is. */
export interface DeadPlace {
  syncId: string;
  id: string;
}

export const FIRST_PLACE: DeadPlace = { syncId: FIRST_ID, id: FIRST_ID };

/** What was discarded is chosen only by its id; what died after `until` is not. */
const CHOSEN = `${DEAD} AND ${MATCHES} AND ($8::uuid[] IS NOT NULL OR NOT ${DISCARDED})
  AND ($8::uuid[] IS NULL OR e.id = ANY($8)) AND e.updated_at <= $9`;

export async function chosenDeadLetters(
  tx: Transaction,
  chosen: ChosenDeadLetters,
  { until, after, limit }: { until: Date; after: DeadPlace; limit: number },
): Promise<DeadRow[]> {
  const { rows } = await tx.query<DeadRow>(
    `SELECT e.id, e.sync_id AS "syncId", e.person, e.profile_id AS "profileId", ${OP} AS op, e.membership_version::int AS version,
       e.payload, coalesce(m.since, e.created_at) AS since,
       e.state = 'unknown' OR m.version IS DISTINCT FROM e.membership_version AS skipped
     FROM effect e JOIN sync s ON s.workspace_id = e.workspace_id AND s.id = e.sync_id
     LEFT JOIN membership m ON m.workspace_id = e.workspace_id AND m.audience_id = s.audience_id AND m.person = e.person
     WHERE ${CHOSEN} AND (e.sync_id, e.id) > ($10::uuid, $11::uuid) ORDER BY e.sync_id, e.id LIMIT $12`,
    [...valuesOf(tx, chosen), chosen.ids ?? null, until, after.syncId, after.id, limit],
  );
  return rows;
}

export async function countChosen(tx: Transaction, chosen: ChosenDeadLetters, until: Date): Promise<number> {
  const { rows } = await tx.query<{ count: number }>(
    `SELECT count(*)::float8 AS count FROM effect e WHERE ${CHOSEN}`,
    [...valuesOf(tx, chosen), chosen.ids ?? null, until],
  );
  return rows[0]?.count ?? 0;
}

export async function discard(
  tx: Transaction,
  ids: readonly string[],
  { note, actor, at }: { note: string; actor: string; at: Date },
): Promise<number> {
  await dropExchanges(tx, ids);
  const { rowCount } = await tx.query(
    `INSERT INTO effect_discard (workspace_id, effect_id, note, actor, at)
     SELECT $1, id, $3, $4, $5 FROM unnest($2::uuid[]) AS id ON CONFLICT DO NOTHING`,
    [tx.workspaceId, ids, note, actor, at],
  );
  return rowCount ?? 0;
}

/** Who is replayed by name is no longer done with. */
export async function takeBackDiscards(tx: Transaction, ids: readonly string[]): Promise<void> {
  await tx.query('DELETE FROM effect_discard WHERE workspace_id = $1 AND effect_id = ANY($2::uuid[])', [
    tx.workspaceId,
    ids,
  ]);
}
