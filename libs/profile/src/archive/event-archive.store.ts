import { firstShard, Transaction } from '@percorso/storage';

/** How far a workspace's events are read from ClickHouse. */
export interface ArchiveEdge {
  /** Events up to this position are in the archive, and no others. 0: none. */
  pos: number;
  /** None of them is of a node after this one. */
  node: number;
  /** All of them were received before. */
  receivedBefore: Date;
}

/** A node whose events may be in the archive, and where. */
export interface ArchivedNode {
  node: number;
  person: number;
  namespace: string;
  value: string;
  /** No event of it was received before. */
  since: Date;
  shard: number;
  /** What is another once its rows have moved, and moved back. */
  place: string;
}

const NOTHING: ArchiveEdge = { pos: 0, node: 0, receivedBefore: new Date(0) };
/** Times of receipt are of several hubs' clocks, which differ by less. */
const DAY_MS = 86_400_000;

/** As this transaction has to read; PostgreSQL keeps what comes before until it must have ended. */
export async function readEdge(tx: Transaction): Promise<ArchiveEdge> {
  const { rows } = await tx.query<Omit<ArchiveEdge, 'pos'> & { pos: string }>(
    'SELECT pos, node, received_before AS "receivedBefore" FROM event_archive WHERE workspace_id = $1',
    [tx.workspaceId],
  );
  return rows[0] ? { ...rows[0], pos: Number(rows[0].pos) } : NOTHING;
}

/** The nodes of `persons`, as they are today, that were there before the edge. */
export async function readArchivedNodes(
  tx: Transaction,
  edge: ArchiveEdge,
  persons: readonly number[],
  shards: number,
): Promise<ArchivedNode[]> {
  if (edge.pos === 0) return [];
  const { rows } = await tx.query<
    Omit<ArchivedNode, 'since' | 'place' | 'shard'> & {
      home: number;
      firstSeen: Date;
      shard: number | null;
      leftBehind: number[] | null;
    }
  >(
    `SELECT n.node, n.person, n.namespace, n.value, n.home, n.first_seen AS "firstSeen", s.shard,
       s.left_behind AS "leftBehind"
     FROM identity_node n LEFT JOIN home_shard s ON s.workspace_id = n.workspace_id AND s.home = n.home
     WHERE n.workspace_id = $1 AND n.person = ANY($2::int[]) AND n.node <= $3 ORDER BY n.node`,
    [tx.workspaceId, persons, edge.node],
  );
  return rows.map(({ home, firstSeen, shard, leftBehind, ...row }) => ({
    ...row,
    since: new Date(firstSeen.getTime() - DAY_MS),
    shard: shard ?? firstShard(tx.workspaceId!, home, shards),
    place: leftBehind === null ? '' : `${shard} ${leftBehind.join()}`,
  }));
}
