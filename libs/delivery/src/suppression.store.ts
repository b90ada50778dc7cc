import type { Transaction } from '@percorso/storage';
import { erasedAddress, storableAddresses } from './erased-address';

export type SuppressionReason = 'hard-bounce' | 'complaint' | 'unsubscribe' | 'manual';

export interface SuppressedAddress {
  channel: string;
  address: string;
}

/** An address nothing may be sent to on a channel. */
export interface Suppression extends SuppressedAddress {
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

export async function listSuppressions(
  tx: Transaction,
  after: SuppressedAddress | undefined,
  limit: number,
): Promise<Suppression[]> {
  const { rows } = await tx.query<Suppression>(
    `SELECT channel, address, reason, source, at FROM suppression
     WHERE workspace_id = $1 AND (channel, address) > ($2, $3) ORDER BY channel, address LIMIT $4`,
    [tx.workspaceId, after?.channel ?? '', after?.address ?? '', limit],
  );
  return rows;
}

/** Adds suppressions; one that exists keeps its first reason. @returns how many are new */
export async function addSuppressions(tx: Transaction, suppressions: Suppression[]): Promise<number> {
  const stored = await storableAddresses(
    tx,
    suppressions.map(({ channel, address }) => ({
      channel,
      comparable: comparableAddress(channel, address),
    })),
  );
  return tx.insertRows(
    'suppression',
    ['workspace_id', 'channel', 'address', 'reason', 'source', 'at'],
    suppressions.map((one, index) => [
      tx.workspaceId,
      one.channel,
      stored[index],
      one.reason,
      one.source,
      one.at,
    ]),
    'ON CONFLICT DO NOTHING',
  );
}

/** Every form in which `addresses` may be stored -> the comparable address: itself, and the hash of an erased one. */
export async function storedForms(
  tx: Transaction,
  channel: string,
  addresses: readonly string[],
): Promise<Map<string, string>> {
  const comparables = addresses.map((address) => comparableAddress(channel, address));
  const { rowCount } = await tx.query('SELECT FROM erasure WHERE workspace_id = $1 LIMIT 1', [
    tx.workspaceId,
  ]);
  if (!rowCount) return new Map(comparables.map((address) => [address, address]));
  return new Map(
    comparables.flatMap((address) => [
      [address, address] as const,
      [erasedAddress(tx.workspaceId!, channel, address), address] as const,
    ]),
  );
}

/** The suppressed ones of `addresses`, by comparable address: why, and since when. */
export async function suppressedAmong(
  tx: Transaction,
  channel: string,
  addresses: readonly string[],
): Promise<Map<string, Pick<Suppression, 'reason' | 'at'>>> {
  if (addresses.length === 0) return new Map();
  const plain = await storedForms(tx, channel, addresses);
  const { rows } = await tx.query<Pick<Suppression, 'address' | 'reason' | 'at'>>(
    'SELECT address, reason, at FROM suppression WHERE workspace_id = $1 AND channel = $2 AND address = ANY($3::text[])',
    [tx.workspaceId, channel, [...plain.keys()]],
  );
  return new Map(rows.map(({ address, ...row }) => [plain.get(address)!, row]));
}
