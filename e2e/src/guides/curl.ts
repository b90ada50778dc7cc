import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { libraryFolders, unpackDebianPackage } from '@percorso/engines';

/** A PATH on which `curl` is: the system's, or, on a machine without one, Debian's package unpacked into the user's cache. */
export async function pathWithCurl(path = process.env.PATH ?? ''): Promise<string> {
  if (path.split(':').some((folder) => folder !== '' && existsSync(join(folder, 'curl')))) return path;
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'percorso');
  const folder = join(cache, `curl-${process.arch}`);
  if (!works(folder)) await unpack(folder);
  return `${folder}:${path}`;
}

async function unpack(folder: string): Promise<void> {
  const draft = `${folder}.${process.pid}.new`;
  mkdirSync(draft, { recursive: true });
  await unpackDebianPackage('curl', draft);
  rmSync(join(draft, 'apt'), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
  renameSync(draft, folder);
  const root = join(folder, 'root');
  const command = join(folder, 'curl');
  writeFileSync(
    command,
    `#!/bin/sh\nLD_LIBRARY_PATH='${libraryFolders(root).join(':')}' exec '${join(root, 'usr', 'bin', 'curl')}' "$@"\n`,
  );
  chmodSync(command, 0o755);
}

const works = (folder: string): boolean =>
  spawnSync(join(folder, 'curl'), ['--version'], { stdio: 'ignore' }).status === 0;
