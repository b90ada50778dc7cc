import type { Shards } from '@percorso/storage';
import type { CompiledQuery } from '../compile/compile-set';
import { type PreviewRow, readPersons, readPreview } from './person-set';

/**
 * What a compiled definition finds on all shards. Every person is on one shard with all that is known of it, so each
 * shard answers for its own and nobody is answered for twice.
 */
export async function readUnitedPersons(shards: Shards, compiled: CompiledQuery): Promise<Uint32Array> {
  const parts = await shards.each((client) => readPersons(client, compiled));
  if (parts.length === 1) return parts[0]!;
  const persons = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    persons.set(part, end);
    end += part.length;
  }
  return persons.sort();
}

export async function readUnitedPreview(
  shards: Shards,
  compiled: CompiledQuery,
  sampleSize: number,
): Promise<PreviewRow> {
  const parts = await shards.each((client) => readPreview(client, compiled, sampleSize));
  return {
    count: parts.reduce((sum, { count }) => sum + count, 0),
    sample: parts
      .flatMap(({ sample }) => sample)
      .sort((a, b) => a - b)
      .slice(0, sampleSize),
  };
}
