// Runs every check of the repository in order and stops at the first kind that fails; jest's own JSON reports stay in reports/.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const reports = join(root, 'reports');
const bin = (name) => join(root, 'node_modules', '.bin', name);
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports);

const report = (name) => ['--json', `--outputFile=${join(reports, `${name}.json`)}`];
const stories = ['-c', 'jest.e2e.config.js', '--ci'];
const CHAOS = 'src/chaos\\.e2e';
const steps = [
  ['format', bin('prettier'), ['--check', '--log-level', 'warn', '.']],
  ['types and build', bin('tsc'), ['-b']],
  ['lint', bin('eslint'), ['.', '--max-warnings', '0']],
  [
    'imports',
    bin('depcruise'),
    ['--config', '.dependency-cruiser.cjs', 'apps', 'libs', 'plugins', 'tools', 'e2e'],
  ],
  ['unit', bin('jest'), ['-c', 'jest.config.js', '--ci', ...report('unit')]],
  ['e2e', bin('jest'), [...stories, '--testPathIgnorePatterns', CHAOS, ...report('e2e')]],
  // By itself: what it does to processes, it does to the whole machine.
  ['chaos', bin('jest'), [...stories, CHAOS, ...report('chaos')]],
];

let failed = false;
for (const [name, command, args] of steps) {
  const started = Date.now();
  console.log(`\n== ${name}`);
  // jest prints its JSON on stdout as well as to the file; its readable report goes to stderr.
  const stdout = args.includes('--json') ? 'ignore' : 'inherit';
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', stdout, 'inherit'] });
  if (error) console.error(error.message);
  const ok = status === 0;
  console.log(`== ${name}: ${ok ? 'ok' : 'FAILED'} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  failed ||= !ok;
  // Tests of code that does not compile say nothing; everything else is worth knowing in one run.
  if (!ok && name === 'types and build') break;
}
process.exit(failed ? 1 : 0);
