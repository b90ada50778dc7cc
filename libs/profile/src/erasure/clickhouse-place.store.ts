import { Transaction } from '@percorso/storage';

/** The loader clears ClickHouse itself, in its own order of writes, and tells the report here. */
export const CLICKHOUSE_PLACE = 'clickhouse';

/** What the loader is about to delete; after a crash it finds less, and the first count stands. */
export async function noteClickHouseRows(tx: Transaction, erasureId: string, rows: number): Promise<void> {
  await tx.query(
    `UPDATE erasure_place SET count = greatest(count, $3)
     WHERE workspace_id = $1 AND erasure_id = $2 AND place = '${CLICKHOUSE_PLACE}'`,
    [tx.workspaceId, erasureId, rows],
  );
}

export async function confirmClickHouse(
  tx: Transaction,
  erasureIds: readonly string[],
  now: Date,
): Promise<void> {
  const values = [tx.workspaceId, erasureIds, now];
  await tx.query('UPDATE erasure SET done_at = $3 WHERE workspace_id = $1 AND id = ANY($2::uuid[])', values);
  await tx.query(
    `UPDATE erasure_place SET state = 'done', done_at = $3
     WHERE workspace_id = $1 AND erasure_id = ANY($2::uuid[]) AND place = '${CLICKHOUSE_PLACE}'`,
    values,
  );
}
