import type { Transaction } from '@percorso/storage';

/** Keys that have one of these ids or names, revoked ones too: what they sent is still there. */
export async function sourcesCalled(
  tx: Transaction,
  idsOrNames: readonly string[],
): Promise<{ id: string; name: string }[]> {
  if (idsOrNames.length === 0) return [];
  const { rows } = await tx.query<{ id: string; name: string }>(
    'SELECT id, name FROM access_key WHERE workspace_id = $1 AND (id = ANY($2::text[]) OR name = ANY($2::text[]))',
    [tx.workspaceId, idsOrNames],
  );
  return rows;
}
