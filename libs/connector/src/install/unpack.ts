import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Problem } from '@percorso/kernel';
import { extract, Parser, type ReadEntry } from 'tar';

/** What a package may be at most. */
export const PACKAGE_LIMITS = {
  tarballBytes: 16 * 1024 * 1024,
  unpackedBytes: 64 * 1024 * 1024,
  files: 10_000,
  pathLength: 400,
} as const;

const PIECE = 256 * 1024;
const FILES = new Set(['File', 'OldFile', 'ContiguousFile']);

/**
 * Unpacks an npm tarball's one folder into `directory`, which is there and empty. Looked through before a byte is written.
 * @throws Problem 422 `bad-package` for links, devices, paths that lead elsewhere, and too much of anything
 */
export async function unpack(tarball: Buffer, directory: string): Promise<void> {
  const archive = await inflate(tarball);
  await lookThrough(archive);
  await pipeline(
    inPieces(archive),
    extract({
      cwd: directory,
      strip: 1,
      strict: true,
      preserveOwner: false,
      noMtime: true,
      filter: (_, entry) => {
        // Neither setuid nor what the author's machine had: readable to whoever runs the hub.
        Object.assign(entry, { mode: (entry as ReadEntry).type === 'Directory' ? 0o755 : 0o644 });
        return true;
      },
    }),
  );
}

async function inflate(tarball: Buffer): Promise<Buffer> {
  if (tarball.length > PACKAGE_LIMITS.tarballBytes)
    throw badPackage(`The tarball has more than ${PACKAGE_LIMITS.tarballBytes} bytes.`);
  try {
    return await promisify(gunzip)(tarball, { maxOutputLength: PACKAGE_LIMITS.unpackedBytes });
  } catch (error) {
    throw (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE'
      ? badPackage(`It unpacks to more than ${PACKAGE_LIMITS.unpackedBytes} bytes.`)
      : badPackage('It is not a gzipped tarball.');
  }
}

async function lookThrough(archive: Buffer): Promise<void> {
  const mistakes: string[] = [];
  let files = 0;
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      const mistake = mistakeOf(entry.path, entry.type);
      if (mistake !== undefined) mistakes.push(mistake);
      if (FILES.has(entry.type)) files += 1;
      entry.resume();
    },
  });
  try {
    await pipeline(inPieces(archive), parser);
  } catch {
    throw badPackage('It is not a whole tarball.');
  }
  if (mistakes[0] !== undefined) throw badPackage(mistakes[0]);
  if (files > PACKAGE_LIMITS.files) throw badPackage(`It has more than ${PACKAGE_LIMITS.files} files.`);
  if (files === 0) throw badPackage('It holds no files.');
}

/** What is wrong with one entry, in words that quote no more of it than needed. */
function mistakeOf(path: string, type: string): string | undefined {
  const shown = JSON.stringify(path.slice(0, 80));
  if (!FILES.has(type) && type !== 'Directory')
    return `The entry ${shown} is a ${type}; a package has plain files only.`;
  const steps = path.replace(/\/$/, '').split('/');
  const leads =
    path.startsWith('/') ||
    // Control characters and what only Windows takes for a separator or a drive.
    /[\\:\u0000-\u001f]/.test(path) ||
    steps.some((step) => step === '' || step === '.' || step === '..');
  if (leads) return `The entry ${shown} leads out of the package.`;
  if (path.length > PACKAGE_LIMITS.pathLength) return `The path ${shown}… is too long.`;
  if (steps.length < 2 && type !== 'Directory') return `The entry ${shown} is in no folder.`;
  return undefined;
}

/** In pieces, so that the event loop turns in between. */
function inPieces(bytes: Buffer): Readable {
  function* pieces(): Generator<Buffer> {
    for (let start = 0; start < bytes.length; start += PIECE) yield bytes.subarray(start, start + PIECE);
  }
  return Readable.from(pieces(), { objectMode: false });
}

/** One hash over the names and contents of all files below; undefined where there is anything but files and folders. */
export async function digestOf(directory: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  const open = [''];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const entries = await readdir(join(directory, folder), { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) open.push(path);
      else if (entry.isFile()) {
        const content = createHash('sha256').update(await readFile(join(directory, path)));
        hash.update(`${path}\n${content.digest('hex')}\n`);
      } else return undefined;
    }
  }
  return `sha256-${hash.digest('base64')}`;
}

export function badPackage(detail: string): Problem {
  return new Problem({ status: 422, code: 'bad-package', title: 'The package cannot be installed', detail });
}
