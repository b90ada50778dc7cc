// What takes too long for every change: many more random cases, and whether the specs notice mistakes. Prints the seed
// with which to run any of it again: PERCORSO_SEED=… npm run nightly.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const seed = process.env.PERCORSO_SEED ?? String(Date.now() % 1_000_000_000);
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const stream = 'libs/segmentation/src/stream';
const traits = 'libs/segmentation/src/computed-trait';

const steps = [
  [
    '10,000 cases',
    { PERCORSO_CASES: '10000' },
    [jest, '-c', 'jest.config.js', `${stream}/incremental.spec.ts`],
  ],
  [
    'folding, 10,000 cases',
    { PERCORSO_CASES: '50000' },
    [jest, '-c', 'jest.config.js', `${stream}/folding.spec.ts`],
  ],
  [
    '10,000 expressions and as many schedules',
    { PERCORSO_CASES: '10000' },
    [
      jest,
      '-c',
      'jest.config.js',
      'libs/mapping/src/fields-read.spec.ts',
      'libs/mapping/src/compiled',
      'libs/segmentation/src/schedule/cron.spec.ts',
    ],
  ],
  [
    '20,000 journeys and stories, and as many caps',
    { PERCORSO_CASES: '20000' },
    [
      jest,
      '-c',
      'jest.config.js',
      '--testTimeout=3600000',
      'libs/journey/src/engine/random-journeys.spec.ts',
      'libs/journey/src/simulation/walk/closing-search.spec.ts',
    ],
  ],
  [
    '200 stories',
    { PERCORSO_STORIES: '200' },
    [jest, '-c', 'jest.config.js', `${stream}/stream-evaluator.spec.ts`],
  ],
  [
    '50 stories on shards',
    { PERCORSO_STORIES: '50', PERCORSO_SHARDS: '3' },
    [jest, '-c', 'jest.config.js', `${stream}/stream-evaluator.spec.ts`],
  ],
  [
    '20 worlds with and without older events, on one server and on shards',
    { PERCORSO_STORIES: '40' },
    [jest, '-c', 'jest.config.js', `${stream}/archived.spec.ts`],
  ],
  [
    '100 stories of runs, replays and settled doubts',
    { PERCORSO_STORIES: '100' },
    [jest, '-c', 'jest.config.js', 'libs/sync/src/run-accounts.spec.ts'],
  ],
  [
    '1,000 written journeys, and 5,000 damaged ones',
    { PERCORSO_CASES: '1000' },
    [jest, '-c', 'jest.config.js', 'libs/journey/src/definition/parse-journey.spec.ts'],
  ],
  [
    '200 populations on shards',
    { PERCORSO_POPULATIONS: '200' },
    [
      jest,
      '-c',
      'jest.config.js',
      'libs/segmentation/src/evaluation/united-set.spec.ts',
      `${traits}/united-values.spec.ts`,
    ],
  ],
  [
    'a kill at every write to shards',
    { PERCORSO_KILL_STEP: '1' },
    [jest, '-c', 'jest.config.js', 'libs/profile/src/shard'],
  ],
  [
    '100 stories of computed traits',
    { PERCORSO_STORIES: '100' },
    [jest, '-c', 'jest.config.js', `${traits}/trait-stories.spec.ts`],
  ],
  [
    '30 stories of computed traits on shards',
    { PERCORSO_STORIES: '30', PERCORSO_SHARDS: '3' },
    [jest, '-c', 'jest.config.js', `${traits}/trait-stories.spec.ts`],
  ],
  [
    'ClickHouse away for five minutes',
    { PERCORSO_AWAY_SECONDS: '300' },
    [jest, '-c', 'jest.e2e.config.js', 'e2e/src/audience-faults.e2e.ts', '-t', 'ClickHouse away'],
  ],
  [
    '1,000 audiences, each held against its set',
    { PERCORSO_SAMPLE: '1000' },
    [jest, '-c', 'jest.e2e.config.js', 'e2e/src/many-audiences.e2e.ts'],
  ],
  [
    'one poisoned row among 10,000',
    { PERCORSO_POISONED_AMONG: '10000' },
    [jest, '-c', 'jest.e2e.config.js', 'src/poison'],
  ],
  [
    '20 kills while people are on a journey, and nobody is late when they are over',
    { PERCORSO_JOURNEY_KILLS: '20', PERCORSO_JOURNEY_LATEST_MS: '5000' },
    [jest, '-c', 'jest.e2e.config.js', 'src/journey-faults'],
  ],
  [
    'a win-back until its conversion windows are counted',
    { PERCORSO_JOURNEY_WINDOWS: 'counted' },
    [jest, '-c', 'jest.e2e.config.js', 'src/journeys.e2e'],
  ],
  ['ten minutes of chaos', { PERCORSO_CHAOS_MINUTES: '10' }, [jest, '-c', 'jest.e2e.config.js', 'src/chaos']],
  [
    'every bench',
    { PERCORSO_BENCHES: 'all' },
    [jest, '-c', 'jest.config.js', 'tools/bench/src/bench.spec.ts'],
  ],
  ['mutants', { PERCORSO_SEED: undefined }, [join(root, 'tools', 'checks', 'run-mutants.mjs')]],
];

let failed = false;
for (const [name, settings, words] of steps) {
  console.log(`\n== ${name}, seed ${'PERCORSO_SEED' in settings ? 'fixed' : seed}`);
  const started = Date.now();
  const env = { ...process.env, PERCORSO_SEED: seed, ...settings };
  const { status } = spawnSync(process.execPath, words, { cwd: root, stdio: 'inherit', env });
  console.log(
    `== ${name}: ${status === 0 ? 'ok' : 'FAILED'} (${((Date.now() - started) / 1000).toFixed(0)} s)`,
  );
  failed ||= status !== 0;
}
process.exit(failed ? 1 : 0);
