import { randomBytes, randomFillSync } from 'node:crypto';

let lastMs = 0;
let counter = 0;

/** Randomness is drawn for many ids at once: to draw it costs ten times what the rest of an id does. */
const DRAWN = Buffer.alloc(4096);
let used = DRAWN.length;

/**
 * A UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then a counter that keeps ids of one process in order
 * within a millisecond, then randomness.
 */
export function newId(): string {
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    counter = randomBytes(2).readUInt16BE(0) & 0x3ff;
  } else if (++counter > 0xfff) {
    // The counter is spent: borrow the next millisecond rather than go back.
    lastMs += 1;
    counter = 0;
  }
  if (used === DRAWN.length) {
    randomFillSync(DRAWN);
    used = 0;
  }
  const bytes = DRAWN.subarray(used, (used += 16));
  bytes.writeUIntBE(lastMs, 0, 6);
  bytes.writeUInt16BE(0x7000 | counter, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether `value` is a lower-case UUID, the only form in which public ids are accepted. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}

/** Before and after all ids there are. */
export const FIRST_ID = '00000000-0000-0000-0000-000000000000';
export const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
