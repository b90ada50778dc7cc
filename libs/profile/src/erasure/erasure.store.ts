import { Transaction } from '@percorso/storage';
import { Cleared } from './erasure-place';

export interface ErasureRow {
  id: string;
  profileId: string | null;
  requestedAt: Date;
  tombstone: boolean;
}

export interface PlaceRow {
  erasureId: string;
  place: string;
  state: 'pending' | 'waiting' | 'done';
  count: number;
  waitingFor: string | null;
  doneAt: Date | null;
}

export interface NewErasure {
  id: string;
  profileId: string | null;
  persons: readonly number[];
  nodes: readonly number[];
  now: Date;
}

/** Write an erasure down with its places: those cleared already and those to come. */
export async function insertErasure(
  tx: Transaction,
  erasure: NewErasure,
  cleared: readonly Cleared[],
  open: readonly string[],
): Promise<void> {
  const { id, profileId, persons, nodes, now } = erasure;
  await tx.query(
    `INSERT INTO erasure (workspace_id, id, profile_id, persons, nodes, requested_at) VALUES ($1, $2, $3, $4, $5, $6)`,
    [tx.workspaceId, id, profileId, persons, nodes, now],
  );
  const row = ({ place, count }: Cleared, done: boolean) =>
    [tx.workspaceId, id, place, done ? 'done' : 'pending', count, now, done ? now : null] as const;
  await tx.insertRows(
    'erasure_place',
    ['workspace_id', 'erasure_id', 'place', 'state', 'count', 'look_at', 'done_at'],
    [...cleared.map((one) => row(one, true)), ...open.map((place) => row({ place, count: 0 }, false))],
  );
}

const COLUMNS = `e.id, e.profile_id AS "profileId", e.requested_at AS "requestedAt",
  EXISTS (SELECT FROM tombstone t WHERE t.workspace_id = e.workspace_id AND t.erasure_id = e.id) AS tombstone`;

export async function findErasure(tx: Transaction, id: string): Promise<ErasureRow | undefined> {
  const { rows } = await tx.query<ErasureRow>(
    `SELECT ${COLUMNS} FROM erasure e WHERE e.workspace_id = $1 AND e.id = $2`,
    [tx.workspaceId, id],
  );
  return rows[0];
}

/** Newest first; `before` is the id where the page before ended. */
export async function listErasures(
  tx: Transaction,
  before: string | undefined,
  limit: number,
): Promise<ErasureRow[]> {
  const { rows } = await tx.query<ErasureRow>(
    `SELECT ${COLUMNS} FROM erasure e WHERE e.workspace_id = $1 AND ($2::uuid IS NULL OR e.id < $2)
     ORDER BY e.id DESC LIMIT $3`,
    [tx.workspaceId, before ?? null, limit],
  );
  return rows;
}

export async function placesOf(tx: Transaction, erasureIds: readonly string[]): Promise<PlaceRow[]> {
  const { rows } = await tx.query<PlaceRow>(
    `SELECT erasure_id AS "erasureId", place, state, count::float8 AS count, waiting_for AS "waitingFor",
       done_at AS "doneAt"
     FROM erasure_place WHERE workspace_id = $1 AND erasure_id = ANY($2::uuid[]) ORDER BY place`,
    [tx.workspaceId, erasureIds],
  );
  return rows;
}
