// Whether the specs notice mistakes: applies each mutant to a copy of the source and runs the spec that should fail.
// `npm run mutants`, or `npm run mutants -- gap` for those with "gap" in their names. Exits 1 if one is missed.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const require = createRequire(import.meta.url);
const { mutants, mutated } = require('./mutants.cjs');
const { shareTestEngines } = require(join(root, 'tools', 'engines', 'dist', 'index.js'));

const SEED = process.env.PERCORSO_SEED ?? '20260615';
const SETTINGS = { PERCORSO_SEED: SEED, PERCORSO_CASES: '150', PERCORSO_STORIES: '2' };
const RUN_MS = 300_000;

const copy = mkdtempSync(join(tmpdir(), 'percorso-mutants-'));
const sourceOf = ({ lib = 'segmentation' }) => join('libs', lib, 'src');
const pathOf = (mutant) => join(copy, sourceOf(mutant), mutant.file);

function copyTree() {
  const wanted = (path) =>
    !/\/(node_modules|dist|coverage|reports|\.percorso|\.nx)(\/|$)/.test(path.slice(root.length));
  for (const part of ['libs', 'tools', 'plugins', 'package.json', 'jest.config.js'])
    cpSync(join(root, part), join(copy, part), { recursive: true, filter: wanted });
  // Shards are servers of a spec's own, started as they were built.
  for (const part of ['node_modules', join('tools', 'engines', 'dist')])
    symlinkSync(join(root, part), join(copy, part));
  // Engines are started once, here; and a mistake found need not be made small.
  writeFileSync(
    join(copy, 'jest.mutants.config.js'),
    `module.exports = { ...require('./jest.config.js'), globalSetup: undefined, globalTeardown: undefined,
       cacheDirectory: ${JSON.stringify(join(copy, 'cache'))}, setupFiles: ['<rootDir>/end-on-failure.js'] };`,
  );
  writeFileSync(
    join(copy, 'end-on-failure.js'),
    `require('fast-check').configureGlobal({ endOnFailure: true });`,
  );
}

/** What jest says of one spec: how many of its tests passed and failed, and whether it ran at all. */
async function runSpec(one) {
  const { spec, test } = one;
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const words = [
    '-c',
    'jest.mutants.config.js',
    '--json',
    `--outputFile=${report}`,
    join(sourceOf(one), spec),
  ];
  if (test) words.push('-t', test);
  const jest = spawn(process.execPath, [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), ...words], {
    cwd: copy,
    env: { ...process.env, ...SETTINGS },
    stdio: 'ignore',
  });
  const timer = setTimeout(() => jest.kill('SIGKILL'), RUN_MS);
  await new Promise((resolve) => jest.once('exit', resolve));
  clearTimeout(timer);
  try {
    const {
      numPassedTests: passed,
      numFailedTests: failed,
      numRuntimeErrorTestSuites: broken,
    } = JSON.parse(readFileSync(report, 'utf8'));
    return { passed, failed, broken };
  } catch {
    return { passed: 0, failed: 0, broken: 1 };
  }
}

/** A spec that fails without any mistake in the source would catch them all. */
async function checkSpecs(chosen) {
  const specs = new Map(chosen.map((one) => [`${sourceOf(one)} ${one.spec} ${one.test ?? ''}`, one]));
  for (const [name, one] of specs) {
    const { passed, failed, broken } = await runSpec(one);
    if (passed === 0 || failed + broken > 0)
      throw new Error(`${name.trim()} does not pass as the source stands`);
  }
}

async function verdictOf(mutant) {
  const path = pathOf(mutant);
  const before = readFileSync(path, 'utf8');
  writeFileSync(path, mutated(before, mutant));
  try {
    const { failed, broken } = await runSpec(mutant);
    return failed > 0 ? 'caught' : broken > 0 ? 'BROKEN' : 'MISSED';
  } finally {
    writeFileSync(path, before);
  }
}

const words = process.argv.slice(2);
const chosen = mutants.filter(({ name }) => words.every((word) => name.includes(word)));
console.log(`${chosen.length} mutants, seed ${SEED}`);
let stopEngines;
let wrong = 0;
try {
  copyTree();
  for (const mutant of chosen) mutated(readFileSync(pathOf(mutant), 'utf8'), mutant);
  stopEngines = await shareTestEngines();
  await checkSpecs(chosen);
  for (const mutant of chosen) {
    const started = Date.now();
    const verdict = await verdictOf(mutant);
    if (verdict !== 'caught') wrong += 1;
    console.log(`${verdict}  ${mutant.name}  (${((Date.now() - started) / 1000).toFixed(0)} s)`);
  }
} finally {
  await stopEngines?.();
  rmSync(copy, { recursive: true, force: true });
}
console.log(wrong === 0 ? `All ${chosen.length} caught` : `${wrong} of ${chosen.length} not caught`);
process.exit(wrong === 0 ? 0 : 1);
