import { createHmac, hkdfSync, randomBytes } from 'node:crypto';

// Until the hub gives its own: hashes of a process that was given none mean nothing to another.
let secret: string | Buffer = randomBytes(32);
const keys = new Map<string, Buffer>();
/** Derived keys kept at most: a process may serve many workspaces in turn. */
const MOST = 1000;

/** Keyed hashes are made with keys drawn from `given`; hubs over one database must be given the same. */
export function hashWith(given: string | Buffer): void {
  secret = given;
  keys.clear();
}

function keyOf(workspaceId: string): Buffer {
  const known = keys.get(workspaceId);
  if (known) return known;
  if (keys.size >= MOST) keys.clear();
  const key = Buffer.from(hkdfSync('sha256', secret, workspaceId, 'keyed hash', 32));
  keys.set(workspaceId, key);
  return key;
}

/**
 * HMAC-SHA-256 of `text` under a key of the workspace's own: whoever reads the database alone can neither tell the text
 * nor try a list of guesses.
 */
export const keyedHash = (workspaceId: string, text: string): Buffer =>
  createHmac('sha256', keyOf(workspaceId)).update(text).digest();
