import { hashText, identityHash, namingErased } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import { namespaceOf } from './channel-namespace';

/** How an address is kept whose owner was erased: enough to recognise it, not to read it. */
export const erasedAddress = (workspaceId: string, channel: string, comparable: string): string =>
  `erased:${hashText(identityHash(workspaceId, { namespace: namespaceOf(channel), value: comparable }))}`;

/** The addresses as they may be stored: of those whose owner was erased, the hash. */
export async function storableAddresses(
  tx: Transaction,
  given: readonly { channel: string; comparable: string }[],
): Promise<string[]> {
  if (given.length === 0) return [];
  const claims = given.map(({ channel, comparable }) => [
    { namespace: namespaceOf(channel), value: comparable },
  ]);
  const erased = new Set(await namingErased(tx, claims));
  return given.map(({ channel, comparable }, index) =>
    erased.has(index) ? erasedAddress(tx.workspaceId!, channel, comparable) : comparable,
  );
}
