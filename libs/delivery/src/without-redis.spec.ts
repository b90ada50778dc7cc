import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { type Engine, startRedis } from '@percorso/engines';
import { newId } from '@percorso/kernel';
import Redis from 'ioredis';
import { DeliveryWaker } from './delivery-waker';
import { LanePump } from './lane-pump';
import type { Lane } from './provider-gateway';
import { useDeliveryWorld } from './testing/delivery-fixture';
import { composeDelivery } from './testing/delivery-hub';
import type { DeliveryWorld } from './testing/delivery-world';
import { HttpGateway } from './testing/http-gateway';
import { ScriptedProvider } from './testing/scripted-provider';

const LANE: Lane = {
  kind: 'campaign',
  capabilities: { upsert: { idempotency: 'none', batch: 10, perSecond: 1e6 } },
  lookup: false,
};
const NEVER_MS = 3_600_000;

let world: DeliveryWorld;
const engines = useDeliveryWorld((made) => (world = made));

describe('delivery and Redis', () => {
  // A Redis of this spec's own: the shared one must stay up.
  const dataDir = mkdtempSync(join(tmpdir(), 'percorso-redis-'));
  let redis: Engine;
  let provider: ScriptedProvider;
  let connectorId: string;
  let syncId: string;
  let app: INestApplicationContext | undefined;
  let nextPerson = 1;

  beforeAll(async () => {
    redis = await startRedis({ dataDir });
  }, 120_000);
  afterAll(async () => {
    await redis?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  beforeEach(() => {
    provider = new ScriptedProvider();
    syncId = newId();
  });
  afterEach(async () => {
    await app?.close();
    await provider.stop();
  });

  /** A hub that delivers, as it is composed for real but for the provider. */
  async function start(tickMs: number): Promise<void> {
    const { hostname, port, password } = new URL(redis.url);
    const gateway = new HttpGateway(new Map(), { url: await provider.start(), lane: LANE });
    // As the hub sets it, but for a return that is noticed soon.
    const connection = { host: hostname, port: Number(port), password, enableReadyCheck: false };
    const queues = {
      prefix: newId(),
      redis: { ...connection, maxRetriesPerRequest: 1, retryStrategy: () => 100 },
    };
    const module = await composeDelivery(engines(), { gateway, queues, delivery: { tickMs } });
    app = module;
    connectorId = await world.connector();
    await module.init();
  }

  /** Records effects and wakes their lane, as the planner does. @returns whether Redis took the wake-up */
  async function record(count: number): Promise<boolean> {
    const persons = Array.from({ length: count }, () => nextPerson++);
    await world.profiles(persons);
    await world.record(
      connectorId,
      syncId,
      persons.map((person) => ({ person })),
    );
    return app!.get(DeliveryWaker).wake(world.workspaceId, connectorId);
  }

  async function untilAccepted(count: number, timeoutMs = 60_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (((await world.states(connectorId)).accepted ?? 0) < count && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function expectEachOnce(count: number): Promise<void> {
    expect(await world.states(connectorId)).toEqual({ accepted: count });
    expect([...provider.arrivals().values()]).toEqual(Array(count).fill(1));
  }

  async function untilConnected(): Promise<void> {
    for (const deadline = Date.now() + 60_000; ;) {
      if (await app!.get(DeliveryWaker).wake(world.workspaceId, connectorId)) return;
      if (Date.now() > deadline) throw new RangeError('Redis was not reached in time');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  it('a wake-up is enough: nobody has to look into PostgreSQL', async () => {
    await start(NEVER_MS);
    await untilConnected();
    await record(30);
    await untilAccepted(30);
    await expectEachOnce(30);
  });

  it('Redis gone in the middle, and back: everything leaves, nothing twice', async () => {
    await start(100);
    await untilConnected();
    provider.latencyMs = 50;
    await record(200);
    await untilAccepted(10);
    await redis.stop();
    expect(await record(50)).toBe(false);
    await untilAccepted(250);
    await expectEachOnce(250);
    // With the lane at rest, only PostgreSQL can tell that it has work.
    await app!.get(LanePump).settled();
    expect(await record(50)).toBe(false);
    await untilAccepted(300);
    await expectEachOnce(300);

    redis = await startRedis({ dataDir });
    await untilConnected();
    await record(50);
    await untilAccepted(350);
    await expectEachOnce(350);
  });

  it('Redis flushed again and again: everything leaves, nothing twice', async () => {
    await start(100);
    await untilConnected();
    provider.latencyMs = 20;
    const client = new Redis(redis.url);
    for (let round = 1; round <= 10; round++) {
      await record(20);
      await untilAccepted(round * 10);
      await client.flushall();
    }
    client.disconnect();
    await untilAccepted(200);
    await expectEachOnce(200);
  });

  it('a start without Redis: everything leaves, and its return is noticed', async () => {
    const { url } = redis;
    await redis.stop();
    await start(100);
    expect(await record(30)).toBe(false);
    await untilAccepted(30);
    await expectEachOnce(30);

    redis = await startRedis({ dataDir });
    expect(redis.url).toBe(url);
    await untilConnected();
    await record(30);
    await untilAccepted(60);
    await expectEachOnce(60);
  });

  it('Redis that holds the line and says nothing: everything leaves, nothing twice', async () => {
    await start(100);
    await untilConnected();
    provider.latencyMs = 20;
    process.kill(redis.pid!, 'SIGSTOP');
    try {
      expect(await record(50)).toBe(false);
      await untilAccepted(50);
      await expectEachOnce(50);
    } finally {
      process.kill(redis.pid!, 'SIGCONT');
    }
    await untilConnected();
    await record(20);
    await untilAccepted(70);
    await expectEachOnce(70);
  });
});
