import type { ClickHouseClient } from '@clickhouse/client';
import type { CompiledQuery } from '../compile/compile-set';

/** The persons of a compiled definition, ascending. RowBinary of one UInt32 column is four bytes a row. */
export async function readPersons(
  clickhouse: ClickHouseClient,
  compiled: CompiledQuery,
): Promise<Uint32Array> {
  const { stream } = await clickhouse.exec({
    query: `${compiled.query} FORMAT RowBinary`,
    query_params: compiled.params,
  });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  if (bytes.length % Uint32Array.BYTES_PER_ELEMENT !== 0) {
    throw new SetUnreadable(bytes.subarray(-1000).toString('utf8'));
  }
  const persons = new Uint32Array(bytes.length / Uint32Array.BYTES_PER_ELEMENT);
  for (let index = 0; index < persons.length; index++) persons[index] = bytes.readUInt32LE(index * 4);
  sortUnlessSorted(persons);
  return persons;
}

// ClickHouse keeps small bitmaps as they were filled; large ones come in order and need no sorting.
function sortUnlessSorted(persons: Uint32Array): void {
  for (let index = 1; index < persons.length; index++) {
    if ((persons[index] ?? 0) >= (persons[index - 1] ?? 0)) continue;
    persons.sort();
    return;
  }
}

export interface PreviewRow {
  count: number;
  /** Persons of the set, ascending. */
  sample: number[];
}

export async function readPreview(
  clickhouse: ClickHouseClient,
  compiled: CompiledQuery,
  sampleSize: number,
): Promise<PreviewRow> {
  const answer = await clickhouse.query({
    query: compiled.preview,
    query_params: { ...compiled.params, sampleSize },
    format: 'JSONEachRow',
  });
  const [row] = await answer.json<{ count: string; sample: number[] }>();
  return { count: Number(row?.count ?? 0), sample: (row?.sample ?? []).sort((a, b) => a - b) };
}

/** ClickHouse broke off in the middle of an answer; what it said is kept. */
export class SetUnreadable extends Error {
  override readonly name = 'SetUnreadable';
}
