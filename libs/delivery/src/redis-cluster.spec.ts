import type { TestingModule } from '@nestjs/testing';
import { startTestRedisCluster, type TestRedisCluster } from '@percorso/engines';
import { newId } from '@percorso/kernel';
import { bullOptions, disconnectQueues } from '@percorso/storage';
import Redis from 'ioredis';
import { DELIVERY_QUEUE, DeliveryWaker } from './delivery-waker';
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
/** Nobody looks into PostgreSQL: what is delivered was woken through the cluster. */
const NEVER_MS = 3_600_000;

let world: DeliveryWorld;
const engines = useDeliveryWorld((made) => (world = made));

describe('queues on a Redis Cluster of three masters', () => {
  const prefix = `cluster-${newId()}`;
  const provider = new ScriptedProvider();
  let cluster: TestRedisCluster;
  let app: TestingModule;
  let connectorId: string;

  beforeAll(async () => {
    cluster = await startTestRedisCluster();
    const gateway = new HttpGateway(new Map(), { url: await provider.start(), lane: LANE });
    const queues = await bullOptions(cluster.url, prefix);
    app = await composeDelivery(engines(), { gateway, queues, delivery: { tickMs: NEVER_MS } });
    await app.init();
  }, 180_000);
  beforeEach(async () => {
    connectorId = await world.connector();
  });
  afterAll(async () => {
    await app?.close();
    disconnectQueues();
    await cluster?.stop();
    await provider.stop();
  });

  async function deliver(count: number): Promise<void> {
    const persons = Array.from({ length: count }, (_, n) => n + 1);
    await world.profiles(persons);
    await world.record(
      connectorId,
      newId(),
      persons.map((person) => ({ person })),
    );
    await woken();
    await until(async () => (await world.states(connectorId)).accepted === count);
    expect(await world.states(connectorId)).toEqual({ accepted: count });
  }

  /** A wake-up that found the cluster between two masters is repeated, as the reconciler's next look would. */
  const woken = (): Promise<void> => until(() => app.get(DeliveryWaker).wake(world.workspaceId, connectorId));

  it('wake workers, each queue with all its keys in one slot', async () => {
    await deliver(50);
    const nodes = new Redis(cluster.url);
    const slotOf = async (key: string): Promise<unknown> =>
      nodes.call('CLUSTER', 'KEYSLOT', `${prefix}:${key}`);
    const slots = await Promise.all(
      ['wait', 'active', 'id'].map((key) => slotOf(`${DELIVERY_QUEUE}:${key}`)),
    );
    const other = await slotOf('{sync}:wait');
    nodes.disconnect();
    expect(new Set(slots).size).toBe(1);
    expect(other).not.toBe(slots[0]);
  });

  it('go on when the master that has them is killed and its replica takes over', async () => {
    await cluster.failOver(`${prefix}:${DELIVERY_QUEUE}:wait`);
    await deliver(50);
    expect(new Set(provider.arrivals().values())).toEqual(new Set([1]));
  }, 120_000);
});

async function until(condition: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new RangeError('the condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
