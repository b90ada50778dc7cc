import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Redis from 'ioredis';
import { choosePort, prepareDataFolder, writeState } from './data-folder';
import type { Engine } from './engine';
import { startRedis } from './redis';

const SLOTS = 16_384;
const MASTERS = 3;
const NODE_TIMEOUT_MS = 1_000;
const PATIENCE_MS = 60_000;

export interface TestRedisCluster {
  /** Of the first node; it names the others. */
  url: string;
  /** Kills the master that has this key's slot, which a replica stands by for; resolves when the replica has taken over. */
  failOver(key: string): Promise<void>;
  stop(): Promise<void>;
}

interface Node {
  engine: Engine;
  busPort: number;
  client: Redis;
}

/** Three Redis masters that share the slots, each with a replica. */
export async function startTestRedisCluster(): Promise<TestRedisCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'percorso-redis-cluster-'));
  const password = randomBytes(16).toString('hex');
  const nodes: Node[] = [];
  const stop = async (): Promise<void> => {
    for (const { client } of nodes) client.disconnect();
    await Promise.all(nodes.map(({ engine }) => engine.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (let n = 0; n < MASTERS * 2; n++) nodes.push(await startNode(join(folder, `n${n}`), password));
    await formCluster(nodes);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: nodes[0]!.engine.url, failOver: (key) => failOver(nodes, key), stop };
}

async function startNode(dataDir: string, password: string): Promise<Node> {
  writeState('redis', prepareDataFolder('redis', dataDir), { password });
  const busPort = await choosePort();
  const engine = await startRedis({
    dataDir,
    settings: [
      'cluster-enabled yes',
      `cluster-port ${busPort}`,
      `cluster-node-timeout ${NODE_TIMEOUT_MS}`,
      `masterauth ${password}`,
      'cluster-replica-validity-factor 0',
      'cluster-allow-replica-migration no',
    ],
  });
  // Who lets go of a node that was killed would wait two seconds for a connection to close that is closed already.
  const client = new Redis(engine.url, { maxRetriesPerRequest: 1, disconnectTimeout: 0 });
  client.on('error', () => undefined);
  return { engine, busPort, client };
}

async function formCluster(nodes: readonly Node[]): Promise<void> {
  const [first, ...others] = nodes;
  for (const { engine, busPort } of others) {
    await first!.client.call('CLUSTER', 'MEET', '127.0.0.1', new URL(engine.url).port, String(busPort));
  }
  const share = Math.ceil(SLOTS / MASTERS);
  for (let n = 0; n < MASTERS; n++) {
    const range = [n * share, Math.min(SLOTS, (n + 1) * share) - 1].map(String);
    await nodes[n]!.client.call('CLUSTER', 'ADDSLOTSRANGE', ...range);
  }
  await until(nodes, async ({ client }) => (await known(client)) === nodes.length);
  for (let n = 0; n < MASTERS; n++) {
    const id = String(await nodes[n]!.client.call('CLUSTER', 'MYID'));
    const replica = nodes[n + MASTERS]!;
    await until([replica], async ({ client }) => String(await client.call('CLUSTER', 'NODES')).includes(id));
    await replica.client.call('CLUSTER', 'REPLICATE', id);
  }
  await until(nodes, async ({ client }) =>
    String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok'),
  );
  await until(nodes.slice(MASTERS), async ({ client }) =>
    (await client.info('replication')).includes('link_status:up'),
  );
}

async function failOver(nodes: readonly Node[], key: string): Promise<void> {
  const slot = Number(await nodes[0]!.client.call('CLUSTER', 'KEYSLOT', key));
  const at = Math.floor(slot / Math.ceil(SLOTS / MASTERS));
  process.kill(nodes[at]!.engine.pid!, 'SIGKILL');
  await until([nodes[at + MASTERS]!], async ({ client }) =>
    (await client.info('replication')).includes('role:master'),
  );
}

const known = async (client: Redis): Promise<number> =>
  String(await client.call('CLUSTER', 'NODES'))
    .split('\n')
    .filter((line) => line.includes('connected') && !line.includes('handshake')).length;

async function until(nodes: readonly Node[], holds: (node: Node) => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (const node of nodes) {
    while (!(await holds(node).catch(() => false))) {
      if (Date.now() > end) throw new RangeError('the Redis cluster did not come together in time');
      await sleep(50);
    }
  }
}
