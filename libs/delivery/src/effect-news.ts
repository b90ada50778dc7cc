import type { Transaction } from '@percorso/storage';
import type { EffectState } from './effect';

/** What became of a watched effect, told with it in one transaction; told again when it ends otherwise later. */
export interface EffectNews {
  /** Counts news, in the order in which they were told. */
  n: string;
  effectId: string;
  key: string;
  person: number;
  state: Exclude<EffectState, 'pending' | 'sending'>;
  code: string | null;
  /** What a call answered. */
  response: unknown;
  at: Date;
}

/** Whose news: persons by what is left when their number is divided by `of`. */
export interface NewsShare {
  partitions: readonly number[];
  of: number;
}

/** News that waits, the oldest first; whoever has acted on it forgets it in the same transaction. */
export async function readEffectNews(
  tx: Transaction,
  { partitions, of }: NewsShare,
  limit: number,
): Promise<EffectNews[]> {
  const { rows } = await tx.query<EffectNews>(
    `SELECT n, effect_id AS "effectId", key, person, state, code, response, at FROM effect_news
     WHERE workspace_id = $1 AND person % $2 = ANY($3::int[]) ORDER BY n LIMIT $4`,
    [tx.workspaceId, of, partitions, limit],
  );
  return rows;
}

/** @returns how many were there still */
export async function forgetEffectNews(tx: Transaction, news: readonly string[]): Promise<number> {
  const { rowCount } = await tx.query(
    'DELETE FROM effect_news WHERE workspace_id = $1 AND n = ANY($2::bigint[])',
    [tx.workspaceId, news],
  );
  return rowCount ?? 0;
}
