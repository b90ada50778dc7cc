import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@percorso/engines';
import { migrate } from '@percorso/storage';
import { Client } from 'pg';
import { Bench, median } from './bench';
import { runLoad, Shape } from './ingest-load';
import { countLogged, openServer, Side, SideName } from './ingest-side';

const BATCH = 100;
const CONNECTIONS = { batch: 16, single: 64 };
const SIDES: readonly SideName[] = ['percorso', 'fsync-log'];

interface Tally {
  /** Events a second of each round. */
  rates: number[];
  events: number;
}

/**
 * Durable collection through the real routes, against the same server that appends to a file with fdatasync instead of
 * committing to PostgreSQL. Both group what waits together; both answer after their flush.
 */
export const bench: Bench = async ({ size = BATCH, quick }) => {
  const folder = mkdtempSync(join(tmpdir(), 'percorso-bench-'));
  const postgres = await startPostgres({ dataDir: join(folder, 'engines') });
  const sides: Side[] = [];
  try {
    await migrate(postgres.url);
    await showDurability(postgres.url);
    for (const name of SIDES) sides.push(await openServer(name, postgres.url, join(folder, `${name}.log`)));
    const shapes: Record<string, Shape> = {
      [`batches of ${size}`]: { path: '/v1/batch', events: size, connections: CONNECTIONS.batch },
      single: { path: '/v1/track', events: 1, connections: CONNECTIONS.single },
    };
    const rounds = quick ? 7 : 21;
    const seconds = quick ? 0.8 : 2;
    for (const side of sides)
      await runLoad(side, Object.values(shapes)[0] as Shape, 1).then((run) => (side.events += run.events));
    const results = new Map<string, Map<SideName, Tally>>();
    for (const [title, shape] of Object.entries(shapes)) {
      const tallies = new Map<SideName, Tally>(SIDES.map((name) => [name, { rates: [], events: 0 }]));
      for (let round = 0; round < rounds; round++) {
        // Who goes first alternates, so that neither always meets the other's dirty pages.
        for (const side of round % 2 ? [...sides].reverse() : sides) {
          const run = await runLoad(side, shape, seconds);
          tallies.get(side.name)?.rates.push(run.events / run.seconds);
          side.events += run.events;
        }
      }
      results.set(title, tallies);
    }
    await checkCounts(sides, postgres.url);
    const [batch, single] = [...results].map(([title, tallies]) => report(title, tallies));
    return { metrics: { vs_fsync_log: batch ?? 0, vs_fsync_log_single: single ?? 0 }, size };
  } finally {
    await Promise.all(sides.map((side) => side.close()));
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

async function showDurability(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  for (const name of [
    'server_version',
    'fsync',
    'synchronous_commit',
    'wal_sync_method',
    'full_page_writes',
  ]) {
    const { rows } = await client.query<Record<string, string>>(`SHOW ${name}`);
    const value = rows[0]?.[name];
    console.log(`${name} = ${value}`);
    if ((name === 'fsync' || name === 'synchronous_commit') && value !== 'on') {
      throw new RangeError(`${name} must be on for this bench`);
    }
  }
  await client.end();
}

/** What each side has on disk is exactly what it acknowledged. */
async function checkCounts(sides: readonly Side[], url: string): Promise<void> {
  for (const side of sides) {
    const stored = await countLogged(side, url);
    console.log(`${side.name}: ${side.events} events acknowledged, ${stored} stored`);
    if (stored !== side.events)
      throw new RangeError(`${side.name} stored ${stored} of ${side.events} events`);
  }
}

function report(title: string, tallies: ReadonlyMap<SideName, Tally>): number {
  const ours = tallies.get('percorso')?.rates ?? [];
  const peer = tallies.get('fsync-log')?.rates ?? [];
  const ratio = median(ours.map((rate, round) => rate / (peer[round] ?? Number.NaN)));
  const shown = (rates: readonly number[]): string =>
    Math.round(median(rates)).toLocaleString('en').padStart(9);
  console.log(
    `${title.padEnd(16)} percorso ${shown(ours)} ev/s   fsync log ${shown(peer)} ev/s   ratio ${ratio.toFixed(2)}`,
  );
  return Number(ratio.toFixed(3));
}
