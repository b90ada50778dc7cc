import type { ClickHouseClient } from '@clickhouse/client';
import { newId } from '@percorso/kernel';
import { CLICKHOUSE_DATABASE } from '@percorso/storage';

/**
 * What makes an insert count once under a token. Without one it counts always: ClickHouse would take a block for a
 * repetition that is like an earlier one, and which setting tells it not to has changed with its releases.
 */
export const insertOnce = (token: string = newId()): Record<string, string | number> => ({
  async_insert: 0,
  insert_deduplicate: 1,
  insert_deduplication_token: token,
});

/** Insert rows as one block. With `token` ClickHouse drops a block it has seen under it. */
export async function insertRows(
  client: ClickHouseClient,
  table: string,
  values: Record<string, unknown>[],
  token?: string,
): Promise<void> {
  if (values.length === 0) return;
  await client.insert({
    table: `${CLICKHOUSE_DATABASE}.${table}`,
    values,
    format: 'JSONEachRow',
    clickhouse_settings: insertOnce(token),
  });
}
