import type { UsageViolation } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import type { UsedExpression, UsageVerdict } from './usage-check';

/** What of a sync is held against the usage policies. */
export interface SyncParts {
  id: string;
  audienceId: string;
  connectorId: string;
  mappingId: string;
  exitMappingId: string | null;
}

/** A run whose effects may still be sent, with the expressions their payloads may come from. */
export interface OpenRun {
  id: string;
  expressions: UsedExpression[];
}

const PARTS = `id, audience_id AS "audienceId", connector_id AS "connectorId", mapping_id AS "mappingId",
  exit_mapping_id AS "exitMappingId"`;

/** Syncs that were not held against the newest rules. */
export async function uncheckedSyncs(tx: Transaction, limit: number): Promise<SyncParts[]> {
  const { rows } = await tx.query<SyncParts>(
    `SELECT ${PARTS} FROM sync WHERE workspace_id = $1
       AND usage_version <> (SELECT usage_version FROM workspace WHERE id = $1) ORDER BY id LIMIT $2`,
    [tx.workspaceId, limit],
  );
  return rows;
}

export async function lockSync(tx: Transaction, id: string): Promise<SyncParts | undefined> {
  const { rows } = await tx.query<SyncParts>(
    `SELECT ${PARTS} FROM sync WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE`,
    [tx.workspaceId, id],
  );
  return rows[0];
}

/** Syncs through which a mapping writes. */
export async function syncsOfMapping(
  tx: Transaction,
  mappingId: string,
): Promise<(SyncParts & { name: string })[]> {
  const { rows } = await tx.query<SyncParts & { name: string }>(
    `SELECT ${PARTS}, name FROM sync WHERE workspace_id = $1 AND $2 IN (mapping_id, exit_mapping_id) ORDER BY id`,
    [tx.workspaceId, mappingId],
  );
  return rows;
}

/** The expressions that a sync's next run would map with. */
export async function currentExpressions(
  tx: Transaction,
  { mappingId, exitMappingId }: Pick<SyncParts, 'mappingId' | 'exitMappingId'>,
): Promise<UsedExpression[]> {
  const { rows } = await tx.query<{ id: string; expression: string }>(
    `SELECT m.id, v.expression FROM mapping m JOIN mapping_version v
       ON v.workspace_id = m.workspace_id AND v.mapping_id = m.id AND v.version = m.current
     WHERE m.workspace_id = $1 AND m.id = ANY($2::uuid[])`,
    [tx.workspaceId, [mappingId, exitMappingId].filter((id) => id !== null)],
  );
  return rows.map(({ id, expression }) => ({
    expression,
    pointer: id === mappingId ? '/mapping' : '/exitMapping',
  }));
}

/** Runs of a sync that are not over. Payloads come from the version a run began with; retried ones from a later one. */
export async function openRuns(tx: Transaction, syncId: string): Promise<OpenRun[]> {
  const { rows } = await tx.query<OpenRun>(
    `SELECT r.id, coalesce(jsonb_agg(jsonb_build_object('expression', v.expression, 'pointer',
         CASE WHEN v.mapping_id = s.mapping_id THEN '/mapping' ELSE '/exitMapping' END)), '[]') AS expressions
     FROM sync_run r JOIN sync s ON s.workspace_id = r.workspace_id AND s.id = r.sync_id
     JOIN mapping_version v ON v.workspace_id = s.workspace_id AND (
       (v.mapping_id = s.mapping_id AND v.version >= r.mapping_version)
       OR (v.mapping_id = s.exit_mapping_id AND v.version >= r.exit_mapping_version))
     WHERE r.workspace_id = $1 AND r.sync_id = $2 AND r.state IN ('planning', 'delivering') GROUP BY r.id`,
    [tx.workspaceId, syncId],
  );
  return rows;
}

export async function saveVerdict(tx: Transaction, syncId: string, verdict: UsageVerdict): Promise<void> {
  await tx.query(
    `UPDATE sync SET usage_version = $3, usage_violations = $4 WHERE workspace_id = $1 AND id = $2
       AND (usage_version, usage_violations) IS DISTINCT FROM ($3::bigint, $4::jsonb)`,
    [tx.workspaceId, syncId, verdict.version, orNull(verdict.violations)],
  );
}

/** End a run for good; what it has not sent must be dropped by the caller's transaction. */
export async function failRun(tx: Transaction, runId: string, error: string, now: Date): Promise<void> {
  await tx.query(
    `UPDATE sync_run SET state = 'failed', error = $3, ended_at = $4, lease_until = NULL, fence = fence + 1
     WHERE workspace_id = $1 AND id = $2 AND state IN ('planning', 'delivering')`,
    [tx.workspaceId, runId, error, now],
  );
}

const orNull = (violations: readonly UsageViolation[]): string | null =>
  violations.length === 0 ? null : JSON.stringify(violations);
