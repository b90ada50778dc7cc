import { Claim } from '@percorso/identity';
import { Transaction } from '@percorso/storage';
import { hashText, identityHash } from './identity-hash';

/** Block identities. The same one may have several tombstones: each erasure has its own. */
export async function addTombstones(
  tx: Transaction,
  erasureId: string,
  identities: readonly Claim[],
): Promise<void> {
  await tx.query(
    `INSERT INTO tombstone (workspace_id, hash, erasure_id) SELECT $1, hash, $2 FROM unnest($3::bytea[]) AS hash
     ON CONFLICT DO NOTHING`,
    [tx.workspaceId, erasureId, identities.map((claim) => identityHash(tx.workspaceId!, claim))],
  );
}

/** Let the identities of an erasure in again. @returns whether they were blocked */
export async function liftTombstones(tx: Transaction, erasureId: string): Promise<boolean> {
  const { rowCount } = await tx.query('DELETE FROM tombstone WHERE workspace_id = $1 AND erasure_id = $2', [
    tx.workspaceId,
    erasureId,
  ]);
  return (rowCount ?? 0) > 0;
}

/** The hashes that one erasure is about. */
export async function tombstonesOf(tx: Transaction, erasureId: string): Promise<Set<string>> {
  const { rows } = await tx.query<{ hash: Buffer }>(
    'SELECT hash FROM tombstone WHERE workspace_id = $1 AND erasure_id = $2',
    [tx.workspaceId, erasureId],
  );
  return new Set(rows.map(({ hash }) => hashText(hash)));
}

/** Whether anybody of the workspace was erased: without, nothing need be hashed. */
export async function hasTombstones(tx: Transaction): Promise<boolean> {
  const { rowCount } = await tx.query('SELECT FROM tombstone WHERE workspace_id = $1 LIMIT 1', [
    tx.workspaceId,
  ]);
  return (rowCount ?? 0) > 0;
}

/** Of lists of identities, the indexes of those that name somebody erased. */
export async function namingErased(tx: Transaction, lists: readonly (readonly Claim[])[]): Promise<number[]> {
  const hashes = new Map<string, Buffer>();
  const keys = lists.map((claims) =>
    claims.map((claim) => {
      const hash = identityHash(tx.workspaceId!, claim);
      const key = hashText(hash);
      hashes.set(key, hash);
      return key;
    }),
  );
  const { rows } = await tx.query<{ hash: Buffer }>(
    'SELECT DISTINCT hash FROM tombstone WHERE workspace_id = $1 AND hash = ANY($2::bytea[])',
    [tx.workspaceId, [...hashes.values()]],
  );
  const erased = new Set(rows.map(({ hash }) => hashText(hash)));
  return keys.flatMap((own, index) => (own.some((key) => erased.has(key)) ? [index] : []));
}
