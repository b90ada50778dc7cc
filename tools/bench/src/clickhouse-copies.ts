import type { ClickHouseClient } from '@clickhouse/client';

/** Adds `copies` of each of a workspace's rows; `changes` are the columns of copy k that differ. */
export async function multiplyTable(
  clickhouse: ClickHouseClient,
  table: string,
  changes: Record<string, string>,
  params: { workspaceId: string; copies: number; [name: string]: unknown },
): Promise<void> {
  if (params.copies === 0) return;
  const answer = await clickhouse.query({
    query: `SELECT name FROM system.columns WHERE database = 'percorso' AND table = {table:String}`,
    query_params: { table },
    format: 'JSONEachRow',
  });
  const columns = (await answer.json<{ name: string }>()).map(({ name }) => name);
  const source = columns.map((column) => changes[column] ?? column);
  const final = table === 'event' ? '' : 'FINAL';
  await clickhouse.command({
    query:
      `INSERT INTO percorso.${table} (${columns.join(', ')}) SELECT ${source.join(', ')} ` +
      `FROM (SELECT *, arrayJoin(range(1, {copies:UInt32} + 1)) AS k FROM percorso.${table} ${final} ` +
      `WHERE workspace_id = {workspaceId:UUID})`,
    query_params: params,
  });
}
