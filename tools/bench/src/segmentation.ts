import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { type Engines, startEngines } from '@percorso/engines';
import { findMembers } from '@percorso/segmentation';
import { connectClickHouse, migrate, Shards } from '@percorso/storage';
import { Client } from 'pg';
import { type Bench, median } from './bench';
import { deltaCost } from './segmentation-delta';
import { showFootprint } from './segmentation-footprint';
import { Leaves, ours, postgresSide, type Side } from './segmentation-sides';
import { fillShop, personOf, type Shop } from './segmentation-store';
import { shopAudiences, type ShopAudience } from './shop-audiences';

const SIZES = { quick: [10_000, 100_000], full: [10_000, 100_000, 1_000_000] };
const ROUNDS = { quick: 3, full: 3 };
/** A quick run begins no round after this, so that it ends within its minute. */
const QUICK_MS = 40_000;
const SAMPLE = 10;
/** People whose memberships are worked out anew from what the leaf queries give. */
const CHECKED = 20_000;
const PREVIEWS = { quick: 3, full: 10 };

interface Engine {
  clickhouse: ClickHouseClient;
  postgres: Client;
  databaseUrl: string;
}

/** Milliseconds for all audiences, the median of the rounds, by side. */
type Times = Record<string, number>;

/**
 * Audiences as sets: the hub's passes, members read, against the bare conditions in ClickHouse and against the
 * same audiences written by hand over PostgreSQL. All must find the same members.
 */
export const bench: Bench = async ({ size, quick }) => {
  const mode = quick ? 'quick' : 'full';
  const sizes = size === undefined ? SIZES[mode] : [Math.max(1, Math.round(size / 10)), size];
  const folder = mkdtempSync(join(tmpdir(), 'percorso-bench-'));
  const begun = performance.now();
  const more = (round: number): boolean =>
    round < 1 || (round < ROUNDS[mode] && !(quick && performance.now() - begun > QUICK_MS));
  const engines = await startEngines({ dataDir: join(folder, 'data') });
  const engine = await connect(engines);
  try {
    const totals: Times[] = [];
    let preview = Number.NaN;
    for (const wanted of sizes) {
      const started = performance.now();
      const shop = await fillShop(engine.clickhouse, engine.postgres, wanted);
      console.log(`\n${shop.profiles} profiles, ${shop.events} events; loaded in ${seconds(started)} s`);
      totals.push(await compare(engine, shop, shopAudiences(10), more, true));
      preview = await previews(engine, shop, PREVIEWS[mode]);
      if (!quick)
        await compare(engine, shop, shopAudiences(100), (round) => round < 1, wanted < (sizes.at(-1) ?? 0));
      if (wanted === sizes.at(-1)) await showDelta(engine, shop);
    }
    await showFootprint(engine.clickhouse, engine.postgres);
    return { metrics: { ...metricsOf(totals, sizes), preview_p50_ms: preview }, size: sizes.at(-1) ?? 0 };
  } finally {
    await engine.postgres.end();
    await engine.clickhouse.close();
    await engines.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

async function connect({ databaseUrl, clickhouseUrl }: Engines): Promise<Engine> {
  const clickhouse = connectClickHouse(clickhouseUrl);
  await migrate(databaseUrl, clickhouse);
  const postgres = new Client({ connectionString: databaseUrl });
  await postgres.connect();
  // As somebody would set it for such queries; compiling them does not pay at this length.
  await postgres.query(
    `SET work_mem = '256MB'; SET maintenance_work_mem = '512MB'; SET jit = off; SET TimeZone = 'UTC'`,
  );
  return { clickhouse, postgres, databaseUrl };
}

/** All sides in turn, round by round, after one round that is not measured but checked. */
async function compare(
  { clickhouse, postgres }: Engine,
  shop: Shop,
  audiences: readonly ShopAudience[],
  more: (round: number) => boolean,
  withPostgres: boolean,
): Promise<Times> {
  const leaves = new Leaves(clickhouse, shop, audiences);
  const sides: Side[] = [ours(clickhouse, shop, audiences), leaves];
  if (withPostgres)
    sides.push(
      postgresSide('pg typed', 'postgres-typed.sql', postgres, shop, audiences),
      postgresSide('pg jsonb', 'postgres-jsonb.sql', postgres, shop, audiences),
    );
  await check(sides, leaves, shop, audiences);
  const times = new Map<string, number[]>(sides.map(({ title }) => [title, []]));
  for (let round = 0; more(round); round++) {
    for (const side of round % 2 ? [...sides].reverse() : sides) {
      const started = performance.now();
      await side.run();
      times.get(side.title)?.push(performance.now() - started);
    }
  }
  const middle = Object.fromEntries([...times].map(([title, own]) => [title, median(own)]));
  const shown = Object.entries(middle).map(([title, ms]) => `${title} ${ms.toFixed(0)} ms`);
  console.log(
    `${audiences.length} audiences (${leaves.count} distinct conditions), the same members: ${shown.join(', ')}`,
  );
  return middle;
}

/** @throws RangeError unless all sides find the same members */
async function check(
  sides: readonly Side[],
  leaves: Leaves,
  { profiles }: Shop,
  audiences: readonly ShopAudience[],
): Promise<void> {
  const [first, ...others] = sides;
  const members = await first!.run();
  for (const side of others) {
    const found = await side.run();
    if (side === leaves) {
      const every = Math.ceil(profiles / CHECKED);
      const persons = Array.from({ length: Math.floor(profiles / every) }, (_, index) =>
        personOf(index * every),
      );
      leaves.check(found, persons, members);
      continue;
    }
    audiences.forEach(({ text }, index) => {
      const [own, other] = [members[index]!, found[index]!];
      if (Buffer.compare(Buffer.from(own.buffer), Buffer.from(other.buffer)) !== 0)
        throw new RangeError(`${side.title} finds ${other.length} for ${own.length}: ${text}`);
    });
  }
  if (audiences.length === 10)
    console.log(
      `members: ${audiences.map(({ kind }, index) => `${kind} ${members[index]!.length}`).join(', ')}`,
    );
}

async function previews(
  { clickhouse }: Engine,
  { workspaceId, now, asOfPos }: Shop,
  rounds: number,
): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const { definition } of shopAudiences(10)) {
      const started = performance.now();
      const [members] = await findMembers(new Shards([clickhouse]), [definition], {
        workspaceId,
        now,
        asOfPos,
      });
      members!.persons(SAMPLE);
      times.push(performance.now() - started);
    }
  }
  const p50 = Math.round(median(times));
  console.log(
    `preview, count and ${SAMPLE} people: p50 ${p50} ms, longest ${Math.round(Math.max(...times))} ms`,
  );
  return p50;
}

async function showDelta({ clickhouse, postgres, databaseUrl }: Engine, shop: Shop): Promise<void> {
  const asleep = shopAudiences(10).filter(({ kind }) => kind === 'asleep');
  const [members] = await ours(clickhouse, shop, asleep).run();
  const everybody = Array.from({ length: shop.profiles }, (_, index) => personOf(index));
  const { readMs, diffMs, writeMs, changes } = await deltaCost(databaseUrl, postgres, members!, everybody);
  console.log(
    `delta of ${members!.length} members: reading them ${readMs.toFixed(0)} ms, difference ${diffMs.toFixed(1)} ms, ` +
      `writing ${changes} changes ${writeMs.toFixed(0)} ms (${Math.round((changes / writeMs) * 1000).toLocaleString('en')}/s)`,
  );
}

function metricsOf(totals: readonly Times[], sizes: readonly number[]): Record<string, number> {
  const [smaller, largest] = totals.slice(-2);
  const [from = 1, to = 1] = sizes.slice(-2);
  const time = (title: string, times = largest): number => times?.[title] ?? Number.NaN;
  const rounded = (value: number): number => Math.round(value * 100) / 100;
  for (const title of Object.keys(largest ?? {}))
    console.log(
      `growth of ${title}: ${rounded(Math.log(time(title) / time(title, smaller)) / Math.log(to / from))}`,
    );
  return {
    vs_leaf_queries_cost: rounded(time('percorso') / time('leaf queries')),
    vs_pg_jsonb: rounded(time('pg jsonb') / time('percorso')),
    vs_pg_typed: rounded(time('pg typed') / time('percorso')),
    growth_exponent: rounded(Math.log(time('percorso') / time('percorso', smaller)) / Math.log(to / from)),
  };
}

const seconds = (started: number): string => ((performance.now() - started) / 1000).toFixed(1);
