import type { ClickHouseClient } from '@clickhouse/client';
import type { Shards } from '@percorso/storage';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { LeafQuery } from '../compile/compile-set';

/** Definitions with all the tests they may have, sixteen conditions of them at once. */
const MAX_QUERY_BYTES = '8388608';

/** Persons by `keyOf` the leaf that holds for them. */
export type LeafSets = ReadonlyMap<string, RoaringBitmap32>;

/**
 * The sets of some leaves; a complement as it is: whom the leaf does not hold for. Every person is on one shard with all
 * that is known of it, so what the shards find is united.
 */
export async function readLeafSets(
  shards: Shards,
  queries: readonly LeafQuery[],
): Promise<Map<string, RoaringBitmap32>> {
  const [found = new Map<string, RoaringBitmap32>(), ...others] = await shards.each((client) =>
    readFrom(client, queries),
  );
  for (const [key, persons] of others.flatMap((other) => [...other])) {
    found.get(key)?.orInPlace(persons);
    persons.dispose();
  }
  return found;
}

async function readFrom(
  clickhouse: ClickHouseClient,
  queries: readonly LeafQuery[],
): Promise<Map<string, RoaringBitmap32>> {
  const found = new Map<string, RoaringBitmap32>();
  // One after the other: a query uses all cores.
  for (const { query, params, sets } of queries) {
    const answer = await clickhouse.query({
      query,
      query_params: params,
      format: 'JSONCompactEachRow',
      clickhouse_settings: { max_query_size: MAX_QUERY_BYTES },
    });
    const rows = new Map(await answer.json<[number, string]>());
    sets.forEach(({ key }, place) => {
      const state = rows.get(place);
      if (state === undefined) throw new RangeError('ClickHouse left a set out');
      found.set(key, bitmapOf(Buffer.from(state, 'base64')));
    });
  }
  return found;
}

/** ClickHouse's state of groupBitmap: up to 32 numbers as they are, more as a portable roaring bitmap. */
function bitmapOf(state: Buffer): RoaringBitmap32 {
  const [small, size] = [state[0] === 0, state[1] ?? 0];
  if (small) {
    return new RoaringBitmap32(Array.from({ length: size }, (_, index) => state.readUInt32LE(2 + index * 4)));
  }
  // Their length in seven bits a byte stands before them.
  let start = 1;
  while ((state[start] ?? 0) > 127) start++;
  return RoaringBitmap32.deserialize('portable', state.subarray(start + 1));
}
