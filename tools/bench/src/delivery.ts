import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngines } from '@percorso/engines';
import { type LoopRow, runAxiosLoop } from './axios-loop';
import { Bench, median } from './bench';
import { DeliveryHub } from './delivery-hub';
import { HttpSink, type SunkRow } from './http-sink';
import { SyncingHub } from './syncing-hub';

/** Calls at once of all connectors together, or one of each where there are more. */
const CALLS = 16;
const COUNTS = [1, 10, 50];
const SICK = 'sick';
/** Has the same rows in its place when nobody is sick. */
const SPARE = 'spare';

/** A quick run begins no round after this, so that it ends within its minute on a busy machine too. */
const QUICK_MS = 38_000;

interface Shape {
  names: string[];
  /** Rows of each connector. */
  size: number;
  /** Calls at once of each. */
  concurrency: number;
}

/**
 * An audience through syncs to a fast HTTP sink, one request a row, against axios posting the same rows with as many
 * requests at once. Then ten connectors again and again beside an eleventh, in turn one that works and one whose requests
 * are never answered: how long rows of the ten take from the request for their runs.
 */
export const bench: Bench = async ({ size = 0, quick }) => {
  const started = performance.now();
  const more = (rounds: number, least: number, most: number): boolean =>
    rounds < least || (rounds < most && (!quick || performance.now() - started < QUICK_MS));
  const total = size || (quick ? 3_000 : 20_000);
  const folder = mkdtempSync(join(tmpdir(), 'percorso-bench-'));
  const parts: { stop(): Promise<void> }[] = [];
  const keep = <T extends { stop(): Promise<void> }>(one: T): T => (parts.unshift(one), one);
  try {
    const engines = keep(await startEngines({ dataDir: join(folder, 'data') }));
    const sink = keep(await HttpSink.start());
    const syncing = keep(await SyncingHub.start(engines, join(folder, 'data')));
    const hub = new DeliveryHub(syncing, sink.url);
    const shapes = COUNTS.map((count) => shapeOf(count, total));
    await hub.fill(shapes.map((shape) => shape.size));
    const metrics: Record<string, number> = {};
    for (const shape of shapes) {
      const count = shape.names.length;
      const ratio = await compete(hub, sink, shape, (rounds) => more(rounds, quick ? 1 : 3, quick ? 2 : 5));
      metrics[count === 1 ? 'vs_bare_loop' : `vs_bare_loop_${count}`] = ratio;
    }
    const rise = await withSick(hub, sink, shapes[1]!, (rounds) =>
      more(rounds, quick ? 1 : 5, quick ? 3 : 9),
    );
    return { metrics: { ...metrics, sick_p95_rise: rise }, size: total };
  } finally {
    for (const one of parts) await one.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

function shapeOf(count: number, total: number): Shape {
  return {
    names: Array.from({ length: count }, (_, n) => `c${count}-${n}`),
    size: Math.max(1, Math.floor(total / count)),
    concurrency: Math.max(1, Math.round(CALLS / count)),
  };
}

async function compete(
  hub: DeliveryHub,
  sink: HttpSink,
  shape: Shape,
  more: (rounds: number) => boolean,
): Promise<number> {
  const { names, size, concurrency } = shape;
  await hub.connect(names, concurrency);
  const rates: { ours: number[]; loop: number[] } = { ours: [], loop: [] };
  // The first brings the plugin's process and the plans of statements to life.
  for (let round = -1; round < 0 || more(round); round++) {
    const { rows, seconds } = await deliver(hub, sink, shape);
    const loopSeconds = await runAxiosLoop({ rows, concurrency: concurrency * names.length });
    assertSame('the loop', await sink.take(), rows);
    if (round < 0) continue;
    rates.ours.push(rows.length / seconds);
    rates.loop.push(rows.length / loopSeconds);
  }
  const ratio = median(rates.ours.map((rate, at) => rate / (rates.loop[at] ?? Number.NaN)));
  const shown = (values: readonly number[]): string =>
    Math.round(median(values)).toLocaleString('en').padStart(7);
  console.log(
    `${String(names.length).padStart(2)} connectors, ${size} rows each, ${concurrency * names.length} requests at once   ` +
      `percorso ${shown(rates.ours)} rows/s   axios ${shown(rates.loop)} rows/s   ratio ${ratio.toFixed(2)}   ` +
      `(${rates.ours.length} rounds, equal rows)`,
  );
  return Number(ratio.toFixed(3));
}

/** One run of each connector, until all of it is settled. */
async function deliver(
  hub: DeliveryHub,
  sink: HttpSink,
  { names, size }: Shape,
): Promise<{ rows: LoopRow[]; seconds: number }> {
  const syncs = await hub.syncs(names, size);
  const began = performance.now();
  const runs = await hub.begin(syncs);
  await hub.ended(runs);
  const seconds = (performance.now() - began) / 1000;
  const rows = await hub.accepted(runs, names.length * size);
  assertSame('percorso', await sink.take(), rows);
  return { rows, seconds };
}

async function withSick(
  hub: DeliveryHub,
  sink: HttpSink,
  shape: Shape,
  more: (rounds: number) => boolean,
): Promise<number> {
  await hub.connect([SICK, SPARE], shape.concurrency);
  const p95s: Record<'well' | 'sick', number[]> = { well: [], sick: [] };
  for (let round = 0; more(round); round++) {
    for (const side of round % 2 ? (['well', 'sick'] as const) : (['sick', 'well'] as const)) {
      await hub.setState(SICK, side === 'sick' ? 'active' : 'disabled');
      const beside = await hub.syncs([side === 'sick' ? SICK : SPARE], shape.size);
      const syncs = await hub.syncs(shape.names, shape.size);
      const began = Date.now();
      const eleventh = await hub.begin(beside);
      const runs = await hub.begin(syncs);
      await hub.ended(side === 'sick' ? runs : [...runs, ...eleventh]);
      const rows = (await sink.take()).filter(({ path }) => path !== `/${SPARE}`);
      assertSame(
        `beside one that is ${side}`,
        rows,
        await hub.accepted(runs, shape.names.length * shape.size),
      );
      p95s[side].push(p95(rows.map(({ at }) => at - began)));
    }
  }
  await hub.setState(SICK, 'disabled');
  sink.release();
  const rise = median(p95s.sick.map((value, at) => value / (p95s.well[at] ?? Number.NaN))) - 1;
  console.log(
    `p95 of ten connectors beside one that works ${Math.round(median(p95s.well))} ms, that never answers ` +
      `${Math.round(median(p95s.sick))} ms, rise ${(rise * 100).toFixed(0)} % (${p95s.well.length} rounds)`,
  );
  return Number(rise.toFixed(3));
}

function p95(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length * 0.95)] ?? Number.NaN;
}

/** @throws RangeError unless the sink was posted each row once and nothing else. */
function assertSame(title: string, came: readonly SunkRow[], rows: readonly LoopRow[]): void {
  const got = came.map(({ path, body }) => `${path} ${ordered(JSON.parse(body) as object)}`).sort();
  const wanted = rows.map(({ url, payload }) => `${new URL(url).pathname} ${ordered(payload)}`).sort();
  const at = wanted.findIndex((line, index) => line !== got[index]);
  if (at < 0 && got.length === wanted.length) return;
  throw new RangeError(
    `${title}: ${got.length} rows came for ${wanted.length}; first difference: ${got[at]} instead of ${wanted[at]}`,
  );
}

const ordered = (fields: object): string =>
  JSON.stringify(Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))));
