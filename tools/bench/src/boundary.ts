import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import axios from 'axios';
import { inHost } from '@percorso/connector';
import { PluginRuntime, type Item, type Plugin, type Verdict } from '@percorso/plugin-kit';
import { type Bench, median } from './bench';

const PLUGIN = join(__dirname, '..', 'plugins', 'campaign-boundary');
const BATCHES = [1, 10, 100, 1000];
const AT_ONCE = 4;
const TURNS = 3;

type Deliver = (items: Item[]) => Promise<Verdict[]>;

/**
 * What it costs that a plugin runs in a process of its own: the same plugin posts the same batches to the same sink, once from
 * its sandbox over sockets that the hub opened, and once within this process.
 */
export const bench: Bench = async ({ size = 100_000, quick }) => {
  const sink = fork(join(__dirname, 'boundary-sink-process.js'));
  const port = await new Promise<number>((resolve) =>
    sink.once('message', (value) => resolve(Number(value))),
  );
  const url = `http://127.0.0.1:${port}/`;
  const run = inHost(PLUGIN)({ url });
  const runtime = new PluginRuntime(
    loadPlugin(),
    { url },
    { connect: open, log: { info: quiet, warn: quiet } },
  );
  const sides: Record<string, Deliver> = {
    boundary: async (items) => valueOf(await run.deliver('upsert', items, 60_000)),
    process: async (items) => valueOf(await runtime.deliver('upsert', items, AbortSignal.timeout(60_000))),
  };
  const metrics: Record<string, number> = {};
  const table = [];
  let expected = 0;
  for (const batch of BATCHES) {
    const count = Math.min(size, batch * (quick ? 200 : 2000));
    const rates: Record<string, number[]> = { boundary: [], process: [] };
    for (const deliver of Object.values(sides))
      expected += await send(deliver, batch, Math.min(count, batch * 20));
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const [side, deliver] of Object.entries(sides)) {
        const started = performance.now();
        expected += await send(deliver, batch, count);
        rates[side]?.push((count / (performance.now() - started)) * 1000);
      }
    }
    const [ours, theirs] = [median(rates['boundary'] ?? []), median(rates['process'] ?? [])];
    metrics[`vs_in_process_${batch}`] = Number((ours / theirs).toFixed(2));
    table.push({
      batch,
      'in its process, items/s': Math.round(ours),
      'in ours, items/s': Math.round(theirs),
    });
  }
  const { data } = await axios.get<{ arrived: number }>(url, { proxy: false });
  if (data.arrived !== expected) throw new Error(`${data.arrived} arrived of ${expected}`);
  run.close();
  runtime.close();
  sink.disconnect();
  console.table(table);
  return { metrics, size };
};

/** Sends `count` items in batches, a few at once, and checks every verdict. */
async function send(deliver: Deliver, batch: number, count: number): Promise<number> {
  let sent = 0;
  const lane = async (): Promise<void> => {
    while (sent < count) {
      const items = Array.from({ length: Math.min(batch, count - sent) }, (_, n) => itemOf(sent + n));
      sent += items.length;
      const verdicts = await deliver(items);
      const right = verdicts.every((one, n) => one.status === 'accepted' && one.providerId === items[n]?.key);
      if (!right || verdicts.length !== items.length) throw new Error('a verdict is wrong');
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return count;
}

/** A row as a mapping of a few fields makes it: some 300 bytes. */
function itemOf(n: number): Item {
  const payload = {
    email: `customer${n}@example.com`,
    firstName: 'Ada',
    lastName: 'Lovelace',
    city: 'Stockholm',
    language: 'sv',
    lastOrderAt: '2026-11-01T12:00:00.000Z',
    orders: n % 17,
    spent: `${n % 1000}.90`,
    vip: n % 2 === 0,
    interests: ['shoes', 'books', 'music'],
  };
  return { key: `k${n}`, payload };
}

const quiet = (): void => undefined;

const open = (host: string, port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once('connect', () => resolve(socket)).once('error', reject);
  });

function valueOf(outcome: { value: Verdict[] } | { fault: unknown }): Verdict[] {
  if ('value' in outcome) return outcome.value;
  throw new Error('the plugin is at fault');
}

function loadPlugin(): Plugin<{ url: string }> {
  return (createRequire(__filename)(PLUGIN) as { default: Plugin<{ url: string }> }).default;
}
