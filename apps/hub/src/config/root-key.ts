import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { newSecret } from '@percorso/access';
import { ConfigError, HubConfig } from './config';

const MIN_LENGTH = 32;

export interface RootKey {
  key: string;
  /** Where it can be read; undefined when the environment holds it. */
  file?: string;
}

/** The operator's key: from the environment, from the named file, or from a file made once in the data folder. */
export function loadRootKey(config: HubConfig): RootKey {
  if (config.rootKey !== undefined) return { key: config.rootKey };
  const file = config.rootKeyFile ?? join(config.dataDir, 'root-key');
  if (config.rootKeyFile === undefined) generate(file);
  let key: string;
  try {
    key = readFileSync(file, 'utf8').trim();
  } catch {
    throw new ConfigError(`PERCORSO_ROOT_KEY_FILE names a file that cannot be read: ${file}`);
  }
  if (key.length < MIN_LENGTH)
    throw new ConfigError(`The root key in ${file} needs at least ${MIN_LENGTH} characters.`);
  return { key, file };
}

function generate(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, `pr_${newSecret()}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST')
      throw new ConfigError(`The data folder cannot be written (${code ?? 'unknown'}): ${dirname(file)}`);
  }
}
