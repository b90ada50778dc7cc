import { Transaction } from '@percorso/storage';
import { byPriority } from './claims';
import { DEFAULT_NAMESPACES, Namespace } from './namespace';

export interface StoredNamespace extends Namespace {
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

const COLUMNS = `code, title, uniqueness, priority, normalization, version::int, created_at AS "createdAt", updated_at AS "updatedAt"`;

/** The workspace's namespaces, strongest first. */
export async function loadNamespaces(tx: Transaction): Promise<StoredNamespace[]> {
  const { rows } = await tx.query<StoredNamespace>(
    `SELECT ${COLUMNS} FROM namespace WHERE workspace_id = $1`,
    [tx.workspaceId],
  );
  return byPriority(rows) as StoredNamespace[];
}

/** One namespace; `lock` holds its row until the transaction ends. */
export async function findNamespace(
  tx: Transaction,
  code: string,
  lock = false,
): Promise<StoredNamespace | undefined> {
  const { rows } = await tx.query<StoredNamespace>(
    `SELECT ${COLUMNS} FROM namespace WHERE workspace_id = $1 AND code = $2 ${lock ? 'FOR UPDATE' : ''}`,
    [tx.workspaceId, code],
  );
  return rows[0];
}

/** False when the code is taken. */
export async function insertNamespace(tx: Transaction, namespace: Namespace, now: Date): Promise<boolean> {
  const { rowCount } = await tx.query(
    `INSERT INTO namespace (workspace_id, code, title, uniqueness, priority, normalization, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT DO NOTHING`,
    [
      tx.workspaceId,
      namespace.code,
      namespace.title,
      namespace.uniqueness,
      namespace.priority,
      namespace.normalization,
      now,
    ],
  );
  return rowCount === 1;
}

export async function updateNamespace(tx: Transaction, namespace: Namespace, now: Date): Promise<void> {
  await tx.query(
    `UPDATE namespace SET title = $3, uniqueness = $4, priority = $5, version = version + 1, updated_at = $6
     WHERE workspace_id = $1 AND code = $2`,
    [tx.workspaceId, namespace.code, namespace.title, namespace.uniqueness, namespace.priority, now],
  );
}

/** Give a new workspace its namespaces; harmless when it has them. */
export async function insertDefaultNamespaces(tx: Transaction, now: Date): Promise<void> {
  for (const namespace of DEFAULT_NAMESPACES) await insertNamespace(tx, namespace, now);
}
