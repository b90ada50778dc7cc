import type { Transaction } from '@percorso/storage';
import type { DirtyListing, DirtyNode } from '../clickhouse-rows';
import type { LoadSnapshot } from '../load-snapshot';
import { type KeptPlace, type Move, Places } from './places';

/** Where the rows of a snapshot belong; `tx` is the snapshot's own. */
export async function readPlaces(
  tx: Transaction,
  workspaceId: string,
  snapshot: LoadSnapshot,
  shards: number,
): Promise<Places> {
  if (shards === 1) return new Places(workspaceId, 1);
  const { partitions, nodes, listings, profiles } = snapshot;
  const numbers = new Set([
    ...partitions.flatMap(({ events }) => events.map((event) => event.node)),
    ...nodes.map((row) => row.node),
    ...listings.map((row) => row.node),
  ]);
  const born = await tx.query<{ node: number; home: number }>(
    'SELECT node, home FROM identity_node WHERE workspace_id = $1 AND node = ANY($2::int[])',
    [tx.workspaceId, [...numbers]],
  );
  const homes = new Set([
    ...born.rows.map((row) => row.home),
    ...nodes.map((row) => row.person),
    ...profiles.map((row) => row.person),
  ]);
  const kept = await tx.query<KeptPlace>(
    `SELECT home, shard, moving_to AS "movingTo", left_behind AS "leftBehind" FROM home_shard
     WHERE workspace_id = $1 AND (home = ANY($2::int[]) OR moving_to IS NOT NULL)`,
    [tx.workspaceId, [...homes]],
  );
  return new Places(workspaceId, shards, new Map(born.rows.map((row) => [row.node, row.home])), kept.rows);
}

/** Before the first row leaves: whoever goes on after a crash knows what may be at the targets. */
export async function beginMoves(tx: Transaction, moves: readonly Move[]): Promise<void> {
  await tx.query(
    `INSERT INTO home_shard (workspace_id, home, shard, moving_to)
     SELECT $1, m.* FROM unnest($2::int[], $3::smallint[], $4::smallint[]) AS m
     ON CONFLICT (workspace_id, home) DO UPDATE SET moving_to = excluded.moving_to`,
    [
      tx.workspaceId,
      moves.map((move) => move.home),
      moves.map((move) => move.from),
      moves.map((move) => move.to),
    ],
  );
}

export async function endMoves(tx: Transaction, moves: readonly Move[]): Promise<void> {
  await tx.query(
    `UPDATE home_shard SET shard = moving_to, moving_to = NULL,
       left_behind = array_append(array_remove(left_behind, moving_to), shard)
     WHERE workspace_id = $1 AND home = ANY($2::int[]) AND moving_to IS NOT NULL`,
    [tx.workspaceId, moves.map((move) => move.home)],
  );
}

const LATEST = new Date(Date.UTC(2299, 0, 1));

/** What a shard has of some homes, besides their events. */
export interface HomeRows {
  nodes: DirtyNode[];
  listings: DirtyListing[];
  /** The persons the homes founded, with their present version. */
  persons: { person: number; version: string }[];
  /** When the first of the nodes was seen: none of their events was received before. */
  since: Date;
}

export async function readHomeRows(tx: Transaction, homes: readonly number[]): Promise<HomeRows> {
  // A home has the number of its first node, and all its nodes have one person.
  const nodes = await tx.query<DirtyNode & { firstSeen: Date }>(
    `SELECT node, person, namespace, value, version, first_seen AS "firstSeen" FROM identity_node
     WHERE workspace_id = $1 AND home = ANY($2::int[]) AND person = ANY(ARRAY(
       SELECT person FROM identity_node WHERE workspace_id = $1 AND node = ANY($2::int[])))`,
    [tx.workspaceId, homes],
  );
  const listings = await tx.query<DirtyListing>(
    `SELECT audience_id AS "audienceId", node, listed, version FROM audience_list
     WHERE workspace_id = $1 AND node = ANY($2::int[])`,
    [tx.workspaceId, nodes.rows.map((row) => row.node)],
  );
  const persons = await tx.query<{ person: number; version: string }>(
    'SELECT person, version FROM profile WHERE workspace_id = $1 AND person = ANY($2::int[])',
    [tx.workspaceId, homes],
  );
  return {
    nodes: nodes.rows.map(({ firstSeen: _firstSeen, ...node }) => node),
    listings: listings.rows,
    persons: persons.rows,
    since: nodes.rows.reduce((first, { firstSeen }) => (firstSeen < first ? firstSeen : first), LATEST),
  };
}
