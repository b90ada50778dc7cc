import type { Transaction } from '@percorso/storage';
import { elementSpans, valueStart } from './json-spans';
import { MAX_BATCH_EVENTS } from './limits';
import { packPayload, unpackPayload } from './packed-payload';

interface Row {
  pos: string;
  count: number;
  payload: Buffer;
}

/**
 * Take the items at `positions` out of the log: null stands in their place, all others keep their position and their
 * bytes. Done to a position twice, the second time changes nothing.
 */
export async function redactLog(
  tx: Transaction,
  partition: number,
  positions: readonly number[],
): Promise<void> {
  if (positions.length === 0) return;
  const sorted = [...positions].sort((a, b) => a - b);
  // Locked in the order of positions: two that redact the same requests queue, and neither undoes the other.
  const { rows } = await tx.query<Row>(
    `SELECT pos, count, payload FROM ingest_log
     WHERE workspace_id = $1 AND partition = $2 AND pos > $3 AND pos <= $4
       AND EXISTS (SELECT FROM unnest($5::bigint[]) AS p WHERE p >= pos AND p < pos + count)
     ORDER BY pos FOR UPDATE`,
    [tx.workspaceId, partition, sorted[0]! - MAX_BATCH_EVENTS, sorted.at(-1), sorted],
  );
  for (const row of rows) {
    const first = Number(row.pos);
    const here = sorted.filter((pos) => pos >= first && pos < first + row.count);
    await tx.query(
      `UPDATE ingest_log SET payload = $4,
         erased = ARRAY(SELECT DISTINCT unnest(coalesce(erased, '{}') || $5::bigint[]) ORDER BY 1)
       WHERE workspace_id = $1 AND partition = $2 AND pos = $3`,
      [
        tx.workspaceId,
        partition,
        row.pos,
        packPayload(without(unpackPayload(row.payload), new Set(here.map((pos) => pos - first)))),
        here,
      ],
    );
  }
}

/** The JSON text of an array with null for the elements at `indexes`. */
function without(json: Buffer, indexes: ReadonlySet<number>): Buffer {
  const parts = elementSpans(json, valueStart(json)).flatMap(({ start, end }, index) => [
    Buffer.from(index === 0 ? '[' : ','),
    indexes.has(index) ? Buffer.from('null') : json.subarray(start, end),
  ]);
  return Buffer.concat([...parts, Buffer.from(']')]);
}
