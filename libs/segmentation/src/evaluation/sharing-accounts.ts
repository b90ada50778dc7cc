import type { Shards } from '@percorso/storage';
import { RoaringBitmap32 } from 'roaring-wasm';
import { compileSharing } from '../compile/compile-set';
import type { SetScope } from '../compile/compile-scope';
import type { AccountMemberLeaf } from '../definition/definition';

type Row = [account: string, members: number[]];

/** Persons who share an account with somebody in `satisfying`, the leaf's condition on members; a bitmap of the caller's own. */
export async function sharingAccounts(
  shards: Shards,
  { account, others }: AccountMemberLeaf,
  satisfying: RoaringBitmap32,
  scope: SetScope,
): Promise<RoaringBitmap32> {
  const { query, params } = compileSharing(account, scope);
  const parts = await shards.each(async (client) => {
    const answer = await client.query({ query, query_params: params, format: 'JSONCompactEachRow' });
    return answer.json<Row>();
  });
  const persons: number[] = [];
  for (const members of united(parts)) {
    const found = members.filter((person) => satisfying.has(person));
    // Of several, each has another one.
    const alone = others && found.length === 1 ? found[0] : undefined;
    if (found.length > 0) for (const person of members) if (person !== alone) persons.push(person);
  }
  return new RoaringBitmap32(persons);
}

/** The members of each account, whichever shards they are on. */
function united(parts: readonly Row[][]): Iterable<number[]> {
  if (parts.length === 1) return parts[0]!.map(([, members]) => members);
  const accounts = new Map<string, number[]>();
  for (const [account, members] of parts.flat()) {
    const known = accounts.get(account);
    accounts.set(account, known ? [...known, ...members] : members);
  }
  return accounts.values();
}
