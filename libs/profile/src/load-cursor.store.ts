import { newId } from '@percorso/kernel';
import { confirmClickHouse } from './erasure/clickhouse-place.store';
import { Transaction } from '@percorso/storage';
import { LoadSnapshot, PartitionLoad } from './load-snapshot';

/** A batch with the token under which ClickHouse knows it. */
export type FrozenLoad = PartitionLoad & { token: string };

/** Another process has loaded these events meanwhile: this one slept, and must not write them again. */
export class LoadOvertaken extends Error {
  override readonly name = 'LoadOvertaken';
}

/**
 * Write down which positions a batch is, before it leaves: a crash repeats the same rows under the same token.
 * @throws LoadOvertaken
 */
export async function freezeBatch(tx: Transaction, load: PartitionLoad): Promise<FrozenLoad> {
  if (load.token !== undefined) return { ...load, token: load.token };
  const token = newId();
  // The row is locked, so that nobody moves the cursor between the look at it and the batch.
  const { rowCount } = await tx.query(
    `WITH head AS (
       SELECT FROM ingest_head WHERE workspace_id = $1 AND partition = $2 AND loaded = $3 FOR SHARE)
     INSERT INTO load_batch (workspace_id, partition, from_pos, to_pos, token)
     SELECT $1, $2, $3, $4, $5 FROM head ON CONFLICT DO NOTHING`,
    [tx.workspaceId, load.partition, load.from, load.to, token],
  );
  if (rowCount !== 1) throw new LoadOvertaken('these events were loaded by another process');
  return { ...load, token };
}

/** ClickHouse has confirmed the events: move the cursors. */
export async function confirmEvents(tx: Transaction, partitions: readonly PartitionLoad[]): Promise<void> {
  for (const { partition, to, token } of partitions) {
    await tx.query('DELETE FROM load_batch WHERE workspace_id = $1 AND partition = $2 AND token = $3', [
      tx.workspaceId,
      partition,
      token ?? null,
    ]);
    await tx.query(
      'UPDATE ingest_head SET loaded = $3 WHERE workspace_id = $1 AND partition = $2 AND loaded < $3',
      [tx.workspaceId, partition, to],
    );
  }
}

type Kind = 'profiles' | 'nodes' | 'accounts' | 'listings' | 'items';

/** What names a row: its column, the type of that, and where a loaded row has it. */
type Key<K extends Kind> = readonly [column: string, type: string, field: keyof LoadSnapshot[K][number]];

/** Where the rows of each kind are marked that ClickHouse lacks. */
const KINDS: { [K in Kind]: { table: string; keys: readonly [Key<K>, ...Key<K>[]] } } = {
  profiles: { table: 'profile', keys: [['person', 'int', 'person']] },
  nodes: { table: 'identity_node', keys: [['node', 'int', 'node']] },
  accounts: { table: 'group_account', keys: [['id', 'text', 'id']] },
  listings: {
    table: 'audience_list',
    keys: [
      ['audience_id', 'uuid', 'audienceId'],
      ['node', 'int', 'node'],
    ],
  },
  items: {
    table: 'lookup_item',
    keys: [
      ['name', 'text', 'name'],
      ['key', 'text', 'key'],
    ],
  },
};

/**
 * ClickHouse has confirmed a snapshot: move the cursors and clear what has not changed again since. The cursors last, as
 * whoever applies events does: each would hold what the other waits for.
 */
export async function confirmLoad(tx: Transaction, snapshot: LoadSnapshot, now: Date): Promise<void> {
  for (const kind of Object.keys(KINDS) as Kind[]) await clear(tx, kind, snapshot[kind]);
  await confirmEvents(tx, snapshot.partitions);
  if (snapshot.erasures.length > 0) {
    await confirmClickHouse(
      tx,
      snapshot.erasures.map((row) => row.id),
      now,
    );
  }
}

async function clear<K extends Kind>(tx: Transaction, kind: K, rows: LoadSnapshot[K]): Promise<void> {
  if (rows.length === 0) return;
  const { table, keys } = KINDS[kind];
  const columns = [...keys.map(([column]) => column), 'version'];
  const arrays = [...keys.map(([, type]) => type), 'bigint'].map((type, index) => `$${index + 2}::${type}[]`);
  // ANY says what the join says already, but as a condition on the index. A row that is locked is just changing again.
  await tx.query(
    `UPDATE ${table} SET dirty = false WHERE workspace_id = $1 AND ctid = ANY(ARRAY(
       SELECT t.ctid FROM ${table} t JOIN unnest(${arrays.join(', ')}) AS d (${columns.join(', ')})
         ON ${columns.map((column) => `t.${column} = d.${column}`).join(' AND ')}
       WHERE t.workspace_id = $1 AND t.${keys[0][0]} = ANY($2) FOR NO KEY UPDATE OF t SKIP LOCKED))`,
    [
      tx.workspaceId,
      ...keys.map(([, , field]) => (rows as LoadSnapshot[K][number][]).map((row) => row[field])),
      rows.map((row) => row.version),
    ],
  );
}
