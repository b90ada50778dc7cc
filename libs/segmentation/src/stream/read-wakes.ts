import type { Shards } from '@percorso/storage';
import type { WakeQuery } from './compile-wakes';
import type { Wake } from './wake.store';

/** Whom time will move, on all shards; every person is on one. */
export async function readWakes(shards: Shards, { query, params }: WakeQuery): Promise<Wake[]> {
  const parts = await shards.each(async (client) => {
    const answer = await client.query({ query, query_params: params, format: 'JSONCompactEachRow' });
    return answer.json<[number, string]>();
  });
  return parts.flat().map(([person, due]) => ({ person, due: Number(due) }));
}
