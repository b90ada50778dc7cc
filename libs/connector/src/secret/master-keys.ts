import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Problem } from '@percorso/kernel';

/** The keys secrets are sealed with: new values use `current`, old ones name theirs. */
export interface MasterKeys {
  current: string;
  keys: Map<string, Buffer>;
}

const KEY_BYTES = 32;

/**
 * Reads the master key file, `{"current": "<id>", "keys": {"<id>": "<32 bytes in base64>"}}`. A file that is not there
 * is made with mode 0600 and one key. To rotate, add a key and make it current; remove the old one once nothing uses it.
 */
export function loadMasterKeys(file: string): MasterKeys {
  if (!existsSync(file)) generate(file);
  try {
    const { current, keys } = JSON.parse(readFileSync(file, 'utf8')) as {
      current: string;
      keys: Record<string, string>;
    };
    const loaded = new Map(Object.entries(keys).map(([id, key]) => [id, Buffer.from(key, 'base64')]));
    if (!loaded.has(current)) throw new RangeError('the current key is missing');
    if ([...loaded.values()].some((key) => key.length !== KEY_BYTES))
      throw new RangeError('a key has not 32 bytes');
    return { current, keys: loaded };
  } catch (error) {
    throw new Problem({
      status: 500,
      code: 'master-key-unreadable',
      title: 'The master key file cannot be used',
      detail: 'PERCORSO_MASTER_KEY_FILE must name a file {"current", "keys": {id: 32 bytes in base64}}.',
      cause: error,
    });
  }
}

function generate(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const id = `k${randomBytes(4).toString('hex')}`;
  const text = JSON.stringify({ current: id, keys: { [id]: randomBytes(KEY_BYTES).toString('base64') } });
  try {
    // Two hubs may start at once; the first file stands.
    writeFileSync(file, `${text}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
