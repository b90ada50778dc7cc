import { connect } from 'node:net';
import plugin from '@percorso/plugin-campaign-adobe-classic';
import { type Connect, type Item, PluginRuntime } from '@percorso/plugin-kit';
import type { FromLoop, LoopOrder, LoopRun, ToLoop } from './bare-loop';

const CALL_MS = 20_000;

const direct: Connect = (host, port) =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });

let order: LoopOrder;
let runtime: PluginRuntime;
const items: Record<LoopRun, Item[]> = { rows: [], blank: [] };

function open(given: LoopOrder): void {
  order = given;
  const settings = Object.assign(new plugin.settings(), given.settings);
  const log = { info: () => undefined, warn: () => undefined };
  // The kit's own runtime: its HTTP client keeps connections alive.
  runtime = new PluginRuntime(plugin, settings, { connect: direct, log });
}

function load(given: Item[]): void {
  items.rows = given;
  items.blank = given.map(({ key, payload }) => ({ key, payload: { ...payload, cusLoyaltyTier: 'none' } }));
}

async function deliverAll(all: readonly Item[]): Promise<number> {
  const started = performance.now();
  let at = 0;
  const worker = async (): Promise<void> => {
    while (at < all.length) {
      const batch = all.slice(at, (at += order.batch));
      const outcome = await runtime.deliver('upsert', batch, AbortSignal.timeout(CALL_MS));
      const verdicts = 'value' in outcome ? outcome.value : [];
      if (verdicts.length !== batch.length || verdicts.some(({ status }) => status !== 'accepted'))
        throw new RangeError(`not all accepted: ${JSON.stringify(outcome).slice(0, 300)}`);
    }
  };
  await Promise.all(Array.from({ length: order.concurrency }, worker));
  return (performance.now() - started) / 1000;
}

async function answer(message: ToLoop): Promise<FromLoop> {
  if ('run' in message) return { seconds: await deliverAll(items[message.run]) };
  if ('order' in message) open(message.order);
  else load(message.items);
  return { ready: true };
}

process.on('message', (message) => {
  answer(message as ToLoop).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
// The bench ended, however it did.
process.once('disconnect', () => process.exit(0));
