import { Transaction } from '@percorso/storage';
import { OWN_TRAITS } from './computed-values';
import {
  DirtyAccount,
  DirtyItem,
  DirtyListing,
  DirtyNode,
  DirtyProfile,
  StoredEvent,
} from './clickhouse-rows';

/** Rows one turn takes at most: one block for ClickHouse each, little memory here. */
export const TURN_EVENTS = 10_000;
export const TURN_ROWS = 20_000;

export interface PartitionLoad {
  partition: number;
  /** Events after `from` up to and including `to` are to be loaded. */
  from: number;
  to: number;
  /** Set when the batch was frozen before: it must be repeated as it is. */
  token?: string;
  events: StoredEvent[];
}

export interface Erasure {
  id: string;
  persons: number[];
  nodes: number[];
}

/** What ClickHouse lacks, all read at one moment. */
export interface LoadSnapshot {
  partitions: PartitionLoad[];
  profiles: DirtyProfile[];
  nodes: DirtyNode[];
  accounts: DirtyAccount[];
  listings: DirtyListing[];
  items: DirtyItem[];
  erasures: Erasure[];
  /** With this snapshot loaded, ClickHouse stands exactly where PostgreSQL stood. */
  complete: boolean;
}

/** Read what ClickHouse lacks; `tx` must be a snapshot. */
export async function readLoadSnapshot(tx: Transaction): Promise<LoadSnapshot> {
  const heads = await tx.query<{
    partition: number;
    applied: string;
    loaded: string;
    to_pos: string | null;
    token: string | null;
  }>(
    `SELECT h.partition, h.applied, h.loaded, b.to_pos, b.token
     FROM ingest_head h LEFT JOIN load_batch b USING (workspace_id, partition)
     WHERE h.workspace_id = $1 ORDER BY h.partition`,
    [tx.workspaceId],
  );
  let complete = true;
  const partitions: PartitionLoad[] = [];
  for (const head of heads.rows) {
    const from = Number(head.loaded);
    const frozen = head.token === null ? undefined : { to: Number(head.to_pos), token: head.token };
    const applied = Number(head.applied);
    const events = await readEvents(tx, head.partition, from, frozen?.to ?? applied, !frozen);
    const full = !frozen && events.length === TURN_EVENTS;
    const to = frozen?.to ?? (full ? Number(events.at(-1)!.pos) : applied);
    complete &&= to === applied;
    partitions.push({ partition: head.partition, from, to, token: frozen?.token, events });
  }
  const profiles = await readDirtyProfiles(tx);
  const nodes = await readDirtyNodes(tx);
  const accounts = await readDirtyAccounts(tx);
  const listings = await readDirtyListings(tx);
  const items = await readDirtyItems(tx);
  complete &&= [profiles, nodes, accounts, listings, items].every((rows) => rows.length < TURN_ROWS);
  const erasures = await tx.query<Erasure>(
    'SELECT id, persons, nodes FROM erasure WHERE workspace_id = $1 AND done_at IS NULL',
    [tx.workspaceId],
  );
  return { partitions, profiles, nodes, accounts, listings, items, erasures: erasures.rows, complete };
}

async function readEvents(
  tx: Transaction,
  partition: number,
  from: number,
  to: number,
  limited: boolean,
): Promise<StoredEvent[]> {
  if (to <= from) return [];
  const { rows } = await tx.query<StoredEvent>(
    `SELECT partition, pos, message_id AS "messageId", node, type, name, occurred_at AS "occurredAt",
       sent_at AS "sentAt", received_at AS "receivedAt", source_id AS "sourceId", properties,
       context #> '{consent,categoryPreferences}' AS consent
     FROM event WHERE workspace_id = $1 AND partition = $2 AND pos > $3 AND pos <= $4
     ORDER BY pos LIMIT $5`,
    [tx.workspaceId, partition, from, to, limited ? TURN_EVENTS : null],
  );
  return rows;
}

async function readDirtyProfiles(tx: Transaction): Promise<DirtyProfile[]> {
  const { rows } = await tx.query<DirtyProfile>(
    `SELECT person, state, version, ${OWN_TRAITS}, computed, consent, groups FROM profile
     WHERE workspace_id = $1 AND dirty LIMIT ${TURN_ROWS}`,
    [tx.workspaceId],
  );
  return rows;
}

async function readDirtyNodes(tx: Transaction): Promise<DirtyNode[]> {
  const { rows } = await tx.query<DirtyNode>(
    `SELECT node, person, namespace, value, version FROM identity_node WHERE workspace_id = $1 AND dirty LIMIT ${TURN_ROWS}`,
    [tx.workspaceId],
  );
  return rows;
}

async function readDirtyAccounts(tx: Transaction): Promise<DirtyAccount[]> {
  const { rows } = await tx.query<DirtyAccount>(
    `SELECT id, version, traits FROM group_account WHERE workspace_id = $1 AND dirty LIMIT ${TURN_ROWS}`,
    [tx.workspaceId],
  );
  return rows;
}

async function readDirtyListings(tx: Transaction): Promise<DirtyListing[]> {
  const { rows } = await tx.query<DirtyListing>(
    `SELECT audience_id AS "audienceId", node, listed, version FROM audience_list
     WHERE workspace_id = $1 AND dirty LIMIT ${TURN_ROWS}`,
    [tx.workspaceId],
  );
  return rows;
}

async function readDirtyItems(tx: Transaction): Promise<DirtyItem[]> {
  const { rows } = await tx.query<DirtyItem>(
    `SELECT name, key, fields, deleted, version FROM lookup_item WHERE workspace_id = $1 AND dirty LIMIT ${TURN_ROWS}`,
    [tx.workspaceId],
  );
  return rows;
}
