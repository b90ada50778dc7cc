// Completes package-lock.json: a registry mirror that lacks some platforms' optional packages makes npm leave them out,
// and then `npm ci` refuses the lock. Each gets an entry with its version and platform, read from its name.
// Run after `npm install` changed the lock; it changes nothing when the lock is complete.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SYSTEMS = {
  aix: 'aix',
  android: 'android',
  darwin: 'darwin',
  freebsd: 'freebsd',
  linux: 'linux',
  netbsd: 'netbsd',
  openbsd: 'openbsd',
  openharmony: 'openharmony',
  sunos: 'sunos',
  win32: 'win32',
  windows: 'win32',
};
const PROCESSORS = [
  'x64',
  'arm64',
  'arm',
  'ia32',
  'ppc64',
  'riscv64',
  's390x',
  'loong64',
  'mips64el',
  'wasm32',
];

const path = join(dirname(dirname(fileURLToPath(import.meta.url))), 'package-lock.json');
const text = readFileSync(path, 'utf8');
const lock = JSON.parse(text);

function platformOf(name) {
  const words = name.split('/').at(-1).split('-');
  const system = words.map((word) => SYSTEMS[word]).find(Boolean);
  const processor = words
    .map((word) => (word === 'gnueabihf' ? undefined : word))
    .find((word) => PROCESSORS.includes(word));
  return {
    ...(processor && { cpu: [processor] }),
    ...(words.at(-1) === 'musl' && { libc: ['musl'] }),
    ...(words.at(-1) === 'gnu' && { libc: ['glibc'] }),
    ...(system && { os: [system] }),
  };
}

// npm looks for a dependency beside the package and then in every folder above.
function isResolved(from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules')))) {
    const clean = folder.replace(/\/$/, '');
    if (lock.packages[clean === '' ? `node_modules/${name}` : `${clean}/node_modules/${name}`]) return true;
    if (clean === '') return false;
  }
}

const added = [];
for (const [from, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    if (isResolved(from, name)) continue;
    const version = range.replace(/^[\^~=v]+/, '');
    if (!/^\d+\.\d+\.\d+/.test(version)) {
      console.error(`${name}@${range}, wanted by ${from}, is missing from the lock and names no version`);
      process.exitCode = 1;
      continue;
    }
    const license = entry.license && { license: entry.license };
    lock.packages[`node_modules/${name}`] = { version, ...platformOf(name), ...license, optional: true };
    added.push(`${name}@${version}`);
  }
}

if (added.length > 0) {
  const sorted = Object.entries(lock.packages).sort(([left], [right]) => left.localeCompare(right, 'en'));
  lock.packages = Object.fromEntries(sorted);
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(added.length > 0 ? `Added ${added.length} entries: ${added.join(', ')}` : 'The lock is complete');
