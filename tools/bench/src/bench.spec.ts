import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflateSync } from 'node:zlib';
import { AppendLogStore, countEvents } from './append-log.store';
import { median } from './bench';
import { trackCall } from './ingest-events';
import { assertSameWork } from './sync-work';

const MAIN = join(__dirname, '..', 'dist', 'main.js');

/** Those that take half a minute even where there is little to do are run by `npm run nightly`. */
const ALL = process.env.PERCORSO_BENCHES === 'all';
const LONG: [string, string, string[]][] = [
  [
    'journeys',
    '200',
    [
      'engine_steps_per_s',
      'entries_per_s',
      'steps_per_s',
      'first_action_p50_ms',
      'first_action_p99_ms',
      'waiting_200_cost',
      'waiting_200_event_cost',
      'waiting_due_us',
      'waiting_event_us',
      'read_profiles_per_s',
      'read_vs_bare_inserts',
      'simulation_persons_per_s',
      'simulation_vs_real_time',
    ],
  ],
  ['delivery', '100', ['vs_bare_loop', 'vs_bare_loop_10', 'vs_bare_loop_50', 'sick_p95_rise']],
  [
    'mapping',
    '40',
    ['vs_handwritten', 'vs_stock', 'rows_per_s', 'pool_vs_handwritten', 'pool_vs_stock', 'pool_rows_per_s'],
  ],
];

describe('what benches share', () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[7], 7],
  ])('the median of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('the peer log holds what was appended, and a torn end is noticed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'percorso-log-'));
    const path = join(folder, 'log');
    const store = await AppendLogStore.open(path);
    const entry = { sourceId: 's', receivedAt: new Date(), payload: Buffer.from('[1,2]'), count: 2 };
    expect(await store.append('w', 0, [entry, entry])).toBe(1);
    expect(await store.append('w', 0, [entry])).toBe(5);
    await store.close();
    const bytes = readFileSync(path);
    expect(countEvents(bytes)).toBe(6);
    expect(() => countEvents(bytes.subarray(0, -1))).toThrow();
    rmSync(folder, { recursive: true });
  });

  it('long entries appended at once do not mix', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'percorso-log-'));
    const path = join(folder, 'log');
    const store = await AppendLogStore.open(path);
    const texts = ['a', 'b', 'c', 'd'].map((letter) => JSON.stringify([letter.repeat(2_000_000)]));
    await Promise.all(
      texts.map((text) =>
        store.append('w', 0, [
          { sourceId: 's', receivedAt: new Date(), payload: Buffer.from(text), count: 1 },
        ]),
      ),
    );
    await store.close();
    expect(countEvents(readFileSync(path))).toBe(4);
    rmSync(folder, { recursive: true });
  });

  it('events compress as real ones do, no better', () => {
    const batch = JSON.stringify(Array.from({ length: 100 }, trackCall));
    const ratio = batch.length / deflateSync(batch, { level: 1 }).length;
    expect(ratio).toBeGreaterThan(3);
    expect(ratio).toBeLessThan(4);
  });

  const ledger = [{ payload: { email: 'a@b.example', location: { city: 'Rome' } } }];
  const recorded = 'a@b.example updated {"email":"a@b.example","location/@city":"Rome"}';
  it.each([
    ['a missing row', []],
    ['a row twice', [recorded, recorded]],
    ['another value', [recorded.replace('Rome', 'Oslo')]],
    ['a row that changed nothing', [recorded.replace('updated', 'unchanged')]],
  ])('%s is not the same work', (_title, lines) => {
    expect(() => assertSameWork('spec', lines, ledger)).toThrow(RangeError);
    expect(() => assertSameWork('spec', [recorded], ledger)).not.toThrow();
  });

  it.each([
    ['sync', '40', ['vs_bare_loop']],
    ...(ALL ? LONG : []),
    [
      'sizing',
      '30',
      [
        ...['event', 'accepted', 'profile', 'identity', 'membership', 'delta'].flatMap((name) => [
          `${name}_rows`,
          `${name}_postgres_bytes`,
        ]),
        ...['event', 'profile', 'identity', 'many_event'].map((name) => `${name}_clickhouse_bytes`),
        'many_events',
      ],
    ],
    [
      'segmentation',
      '300',
      ['vs_leaf_queries_cost', 'vs_pg_jsonb', 'vs_pg_typed', 'growth_exponent', 'preview_p50_ms'],
    ],
    [
      'streaming',
      '100',
      [
        'lag_p50_ms',
        'lag_p99_ms',
        'events_per_s',
        'evaluator_events_per_s',
        'vs_json_rules_engine',
        'vs_json_rules_engine_dispatched',
        'vs_jsonata',
        'vs_json_rules_engine_cold',
        'vs_json_rules_engine_dispatched_cold',
        'vs_jsonata_cold',
      ],
    ],
  ])(
    'the %s bench runs and ends with one line of JSON',
    async (bench, size, metrics) => {
      const run = promisify(execFile);
      const { stdout } = await run(process.execPath, [MAIN, bench, '--size', size, '--quick']);
      const told: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
      expect(told).toEqual({
        bench,
        metrics: Object.fromEntries(metrics.map((name) => [name, expect.any(Number)])),
        size: Number(size),
        seconds: expect.any(Number),
      });
    },
    300_000,
  );
});
