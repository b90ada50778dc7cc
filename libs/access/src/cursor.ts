import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { Problem } from '@percorso/kernel';

const TAG_BYTES = 16;

// Until the hub gives its own: cursors of a process that was given none end with it.
let key: Buffer = randomBytes(32);

/** Cursors are signed with a key drawn from `secret`; hubs over one database must be given the same. */
export function signCursorsWith(secret: string | Buffer): void {
  key = Buffer.from(hkdfSync('sha256', secret, 'percorso', 'cursor', 32));
}

const sign = (payload: Buffer): Buffer =>
  createHmac('sha256', key).update(payload).digest().subarray(0, TAG_BYTES);

/** Opaque, URL-safe text that `decodeCursor` gives back unchanged or refuses. */
export function encodeCursor(position: object): string {
  const payload = Buffer.from(JSON.stringify(position));
  return Buffer.concat([sign(payload), payload]).toString('base64url');
}

/** @throws Problem 400 for a text that `encodeCursor` did not make. */
export function decodeCursor<T extends object>(text: string): T {
  const bytes = Buffer.from(text, 'base64url');
  const payload = bytes.subarray(TAG_BYTES);
  const genuine =
    bytes.length > TAG_BYTES &&
    bytes.toString('base64url') === text &&
    timingSafeEqual(bytes.subarray(0, TAG_BYTES), sign(payload));
  if (!genuine) {
    const message = 'This is not a cursor that was handed out here.';
    throw new Problem({
      status: 400,
      code: 'cursor-invalid',
      title: 'Invalid cursor',
      detail: message,
      errors: [{ pointer: 'cursor', code: 'cursor-invalid', message }],
    });
  }
  return JSON.parse(payload.toString()) as T;
}
