import { deflateSync, inflateSync } from 'node:zlib';

/** Shorter ones stay in their row as they are. */
const WORTH_BYTES = 1500;
const OPTIONS = { level: 1, chunkSize: 8192 };
/** First byte of zlib's format with a window of 32 KB; JSON never begins with it. */
const ZLIB = 0x78;

/**
 * A request's items as they are stored: JSON text, deflated when long. Batches of events shrink three- to fourfold, and what
 * PostgreSQL would do with the plain text costs more: compress it more slowly, or log and store it in many pieces.
 */
export function packPayload(json: Buffer): Buffer {
  return json.length < WORTH_BYTES ? json : deflateSync(json, OPTIONS);
}

/** The JSON text of a stored payload. */
export function unpackPayload(stored: Buffer): Buffer {
  return stored[0] === ZLIB ? inflateSync(stored) : stored;
}
