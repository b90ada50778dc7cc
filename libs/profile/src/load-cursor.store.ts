import { newId } from '@percorso/kernel';
import { confirmClickHouse } from './erasure/clickhouse-place.store';
import { Transaction } from '@percorso/storage';
import { LoadSnapshot, PartitionLoad } from './load-snapshot';

/** A batch with the token under which ClickHouse knows it. */
export type FrozenLoad = PartitionLoad & { token: string };

/** Write down which positions a batch is, before it leaves: a crash repeats the same rows under the same token. */
export async function freezeBatch(tx: Transaction, load: PartitionLoad): Promise<FrozenLoad> {
  if (load.token !== undefined) return { ...load, token: load.token };
  const token = newId();
  await tx.query(
    `INSERT INTO load_batch (workspace_id, partition, from_pos, to_pos, token) VALUES ($1, $2, $3, $4, $5)`,
    [tx.workspaceId, load.partition, load.from, load.to, token],
  );
  return { ...load, token };
}

/** ClickHouse has confirmed the events: move the cursors. */
export async function confirmEvents(tx: Transaction, partitions: readonly PartitionLoad[]): Promise<void> {
  for (const { partition, to } of partitions) {
    await tx.query('DELETE FROM load_batch WHERE workspace_id = $1 AND partition = $2', [
      tx.workspaceId,
      partition,
    ]);
    await tx.query(
      'UPDATE ingest_head SET loaded = $3 WHERE workspace_id = $1 AND partition = $2 AND loaded < $3',
      [tx.workspaceId, partition, to],
    );
  }
}

/** ClickHouse has confirmed a snapshot: move the cursors and clear what has not changed again since. */
export async function confirmLoad(tx: Transaction, snapshot: LoadSnapshot, now: Date): Promise<void> {
  await confirmEvents(tx, snapshot.partitions);
  const { profiles, nodes, accounts, listings, items, erasures } = snapshot;
  if (profiles.length > 0) {
    await tx.query(
      `UPDATE profile p SET dirty = false FROM unnest($2::int[], $3::bigint[]) AS d (person, version)
       WHERE p.workspace_id = $1 AND p.person = ANY($2) AND p.person = d.person AND p.version = d.version`,
      [tx.workspaceId, profiles.map((row) => row.person), profiles.map((row) => row.version)],
    );
  }
  if (nodes.length > 0) {
    await tx.query(
      `UPDATE identity_node n SET dirty = false FROM unnest($2::int[], $3::bigint[]) AS d (node, version)
       WHERE n.workspace_id = $1 AND n.node = ANY($2) AND n.node = d.node AND n.version = d.version`,
      [tx.workspaceId, nodes.map((row) => row.node), nodes.map((row) => row.version)],
    );
  }
  if (accounts.length > 0) {
    await tx.query(
      `UPDATE group_account g SET dirty = false FROM unnest($2::text[], $3::bigint[]) AS d (id, version)
       WHERE g.workspace_id = $1 AND g.id = ANY($2) AND g.id = d.id AND g.version = d.version`,
      [tx.workspaceId, accounts.map((row) => row.id), accounts.map((row) => row.version)],
    );
  }
  if (listings.length > 0) {
    await tx.query(
      `UPDATE audience_list l SET dirty = false
       FROM unnest($2::uuid[], $3::int[], $4::bigint[]) AS d (audience_id, node, version)
       WHERE l.workspace_id = $1 AND l.audience_id = d.audience_id AND l.node = d.node AND l.version = d.version`,
      [
        tx.workspaceId,
        listings.map((row) => row.audienceId),
        listings.map((row) => row.node),
        listings.map((row) => row.version),
      ],
    );
  }
  if (items.length > 0) {
    await tx.query(
      `UPDATE lookup_item i SET dirty = false
       FROM unnest($2::text[], $3::text[], $4::bigint[]) AS d (name, key, version)
       WHERE i.workspace_id = $1 AND i.name = d.name AND i.key = d.key AND i.version = d.version`,
      [
        tx.workspaceId,
        items.map((row) => row.name),
        items.map((row) => row.key),
        items.map((row) => row.version),
      ],
    );
  }
  if (erasures.length > 0) {
    await confirmClickHouse(
      tx,
      erasures.map((row) => row.id),
      now,
    );
  }
}
