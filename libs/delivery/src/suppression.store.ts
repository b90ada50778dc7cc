import type { Transaction } from '@percorso/storage';

export type SuppressionReason = 'hard-bounce' | 'complaint' | 'unsubscribe' | 'manual';

/** An address nothing may be sent to on a channel. */
export interface Suppression {
  channel: string;
  address: string;
  reason: SuppressionReason;
  /** Who said so: a connector's id, or an admin's key. */
  source: string;
  at: Date;
}

/** The form in which addresses are compared: mail without case, numbers without punctuation. */
export function comparableAddress(channel: string, address: string): string {
  const trimmed = address.trim();
  if (channel === 'email') return trimmed.toLowerCase();
  if (channel === 'sms' || channel === 'whatsapp') return trimmed.replace(/[\s().-]/g, '');
  return trimmed;
}

/** Adds suppressions; one that exists keeps its first reason. @returns how many are new */
export async function addSuppressions(tx: Transaction, suppressions: Suppression[]): Promise<number> {
  return tx.insertRows(
    'suppression',
    ['workspace_id', 'channel', 'address', 'reason', 'source', 'at'],
    suppressions.map((one) => [
      tx.workspaceId,
      one.channel,
      comparableAddress(one.channel, one.address),
      one.reason,
      one.source,
      one.at,
    ]),
    'ON CONFLICT DO NOTHING',
  );
}

/** The suppressed ones of `addresses`, by comparable address. */
export async function suppressedAmong(
  tx: Transaction,
  channel: string,
  addresses: string[],
): Promise<Map<string, SuppressionReason>> {
  if (addresses.length === 0) return new Map();
  const { rows } = await tx.query<{ address: string; reason: SuppressionReason }>(
    'SELECT address, reason FROM suppression WHERE workspace_id = $1 AND channel = $2 AND address = ANY($3::text[])',
    [tx.workspaceId, channel, addresses.map((address) => comparableAddress(channel, address))],
  );
  return new Map(rows.map((row) => [row.address, row.reason]));
}
