import type { Writable } from 'node:stream';
import type { PoolClient } from 'pg';

/** Statements said in one turn of the event loop leave in one write: each write costs both sides a system call. */
export function inOneWrite(client: PoolClient): void {
  const { stream } = (client as PoolClient & { connection: { stream: Writable } }).connection;
  if (stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
}
