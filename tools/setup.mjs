// Makes a fresh clone runnable: packages when the lock changed, then an incremental build. Safe to run every time.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const stamp = join(modules, '.percorso-setup');
const quiet = process.argv.includes('--quiet');

function tell(line) {
  if (!quiet) console.error(line);
}

function stop(line) {
  console.error(line);
  process.exit(1);
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const below = Number(/<\s*(\d+)/.exec(engines.node)?.[1] ?? Infinity);
  if (major < 20 || (major === 20 && minor < 19) || major >= below) {
    stop(`Percorso needs Node.js ${engines.node}; this is ${process.versions.node}.`);
  }
}

/** Runs one step; what it said is shown only when it fails. */
function run(what, command, words, env = process.env) {
  const started = Date.now();
  tell(`${what} …`);
  const result = spawnSync(command, words, { cwd: root, env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (result.error) stop(`${what} failed: ${result.error.message}`);
  if (result.status !== 0) {
    const said = `${result.stdout}\n${result.stderr}`
      .split('\n')
      .filter((line) => line.trim() !== '' && !/^npm warn/i.test(line));
    console.error(said.slice(0, 40).join('\n'));
    stop(`${what} failed (${[command, ...words].join(' ').replaceAll(`${root}/`, '')}); see above.`);
  }
  tell(`${what}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** What the installed packages depend on: the lock and every package.json of a workspace, through it. */
function lockDigest() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

function installPackages() {
  const digest = lockDigest();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === digest) return;
  // A tree npm itself wrote for this very lock needs no second install.
  if (!existsSync(stamp) && isCurrentTree()) {
    writeFileSync(stamp, `${digest}\n`);
    return;
  }
  const env = { ...process.env };
  delete env.NODE_ENV;
  run(
    'Installing packages',
    'npm',
    ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'],
    env,
  );
  writeFileSync(stamp, `${digest}\n`);
}

function isCurrentTree() {
  const own = join(modules, '.package-lock.json');
  if (!existsSync(own)) return false;
  const installed = JSON.parse(readFileSync(own, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      !path.startsWith('node_modules/') ||
      entry.optional ||
      entry.peer ||
      (installed[path] !== undefined && installed[path].version === entry.version),
  );
}

requireNode();
installPackages();
run('Building', process.execPath, [join(modules, 'typescript', 'bin', 'tsc'), '-b']);
