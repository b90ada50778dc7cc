import { createHash } from 'node:crypto';
import type { Transaction } from '@percorso/storage';
import { duplicateEvents } from './ingest-metrics';
import { DEDUPE_DAYS } from './limits';

const HASH_BYTES = 16;
const DAY_MS = 86_400_000;

const hashOf = (messageId: string): Buffer =>
  createHash('sha256').update(messageId).digest().subarray(0, HASH_BYTES);

// Hashes travel as one binary value, not as an array of hexadecimal texts.
const GIVEN = `(SELECT substring($2::bytea FROM i * ${HASH_BYTES} + 1 FOR ${HASH_BYTES}) AS hash
  FROM generate_series(0, $3::int - 1) AS i) AS given`;

/** Which of these messages were seen within the last days, for `dropDuplicates`. */
export async function seenMessages(
  tx: Transaction,
  messageIds: readonly string[],
  now: Date,
): Promise<ReadonlySet<string>> {
  const hashes = messageIds.map(hashOf);
  const { rows } = await tx.query<{ hash: Buffer }>(
    `SELECT DISTINCT s.message_hash AS hash FROM message_seen s
     WHERE s.workspace_id = $1 AND s.message_hash = ANY(ARRAY(SELECT given.hash FROM ${GIVEN})) AND s.seen_at > $4`,
    [
      tx.workspaceId,
      Buffer.concat(hashes),
      hashes.length,
      new Date(now.getTime() - (DEDUPE_DAYS + 1) * DAY_MS),
    ],
  );
  return new Set(rows.map((row) => row.hash.toString('latin1')));
}

/**
 * The entries whose message is not among `seen`, the first of each among themselves; they count as seen from now on,
 * once `tx` commits. One applier at a time may do this for a workspace.
 */
export function dropDuplicates<T>(
  tx: Transaction,
  entries: readonly T[],
  messageIdOf: (entry: T) => string,
  seen: ReadonlySet<string>,
  now: Date,
): T[] {
  const firsts = new Map<string, { entry: T; hash: Buffer }>();
  for (const entry of entries) {
    const hash = hashOf(messageIdOf(entry));
    const key = hash.toString('latin1');
    if (!seen.has(key) && !firsts.has(key)) firsts.set(key, { entry, hash });
  }
  const fresh = [...firsts.values()];
  duplicateEvents.inc(entries.length - fresh.length);
  if (fresh.length === 0) return [];
  tx.send(
    `INSERT INTO message_seen (workspace_id, message_hash, seen_at) SELECT $1, given.hash, $4 FROM ${GIVEN}`,
    [tx.workspaceId, Buffer.concat(fresh.map(({ hash }) => hash)), fresh.length, now],
  );
  return fresh.map(({ entry }) => entry);
}
