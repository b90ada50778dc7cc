import { BullModule } from '@nestjs/bull';
import type { TestingModule } from '@nestjs/testing';
import { Test } from '@nestjs/testing';
import { AccessModule } from '@percorso/access';
import {
  startTestEngines,
  startTestRedisCluster,
  type TestEngines,
  type TestRedisCluster,
} from '@percorso/engines';
import { newId } from '@percorso/kernel';
import { bullOptions, Database, disconnectQueues, migrate, StorageModule } from '@percorso/storage';
import Redis from 'ioredis';
import { Client } from 'pg';
import { ConsentSource } from './consent-source';
import { DEFAULT_DELIVERY, DELIVERY_OPTIONS } from './delivery-options';
import { DELIVERY_QUEUE, DeliveryWaker } from './delivery-waker';
import { DeliveryWorkerModule } from './delivery-worker.module';
import { DeliveryModule } from './delivery.module';
import { type Lane, ProviderGateway } from './provider-gateway';
import { DeliveryWorld } from './testing/delivery-world';
import { HttpGateway } from './testing/http-gateway';
import { ProfileConsents } from './testing/profile-consents';
import { ScriptedProvider } from './testing/scripted-provider';

const LANE: Lane = {
  kind: 'campaign',
  capabilities: { upsert: { idempotency: 'none', batch: 10, perSecond: 1e6 } },
  lookup: false,
};
/** Nobody looks into PostgreSQL: what is delivered was woken through the cluster. */
const NEVER_MS = 3_600_000;

describe('queues on a Redis Cluster of three masters', () => {
  const prefix = `cluster-${newId()}`;
  const provider = new ScriptedProvider();
  let engines: TestEngines;
  let cluster: TestRedisCluster;
  let owner: Client;
  let app: TestingModule;
  let world: DeliveryWorld;
  let connectorId: string;

  beforeAll(async () => {
    engines = await startTestEngines();
    await migrate(engines.databaseUrl);
    owner = new Client({ connectionString: engines.databaseUrl });
    await owner.connect();
    cluster = await startTestRedisCluster();
    const lanes = new Map<string, { url: string; lane: Lane }>();
    const { databaseUrl, clickhouseUrl } = engines;
    app = await Test.createTestingModule({
      imports: [
        StorageModule.forRoot({ databaseUrl, clickhouseUrl }),
        AccessModule.forRoot({ rootKey: `root-${newId()}` }),
        // As the hub sets it.
        BullModule.forRootAsync({ useFactory: () => bullOptions(cluster.url, prefix) }),
        DeliveryModule,
        DeliveryWorkerModule,
      ],
    })
      .overrideProvider(ProviderGateway)
      .useValue(new HttpGateway(lanes))
      .overrideProvider(ConsentSource)
      .useClass(ProfileConsents)
      .overrideProvider(DELIVERY_OPTIONS)
      .useValue({ ...DEFAULT_DELIVERY, tickMs: NEVER_MS })
      .compile();
    app.useLogger(false);
    world = new DeliveryWorld(app.get(Database), (text, values) => owner.query(text, values));
    await world.create();
    connectorId = await world.connector();
    lanes.set(connectorId, { url: await provider.start(), lane: LANE });
    await app.init();
  }, 180_000);
  afterAll(async () => {
    await app?.close();
    disconnectQueues();
    await cluster?.stop();
    await provider.stop();
    await owner?.end();
    await engines?.stop();
  });

  async function deliver(first: number, count: number): Promise<void> {
    const persons = Array.from({ length: count }, (_, n) => first + n);
    await world.profiles(persons);
    await world.record(
      connectorId,
      newId(),
      persons.map((person) => ({ person })),
    );
    await woken();
    await until(async () => (await world.states(connectorId)).accepted === first + count - 1);
    expect(await world.states(connectorId)).toEqual({ accepted: first + count - 1 });
  }

  /** A wake-up that found the cluster between two masters is repeated, as the reconciler's next look would. */
  const woken = (): Promise<void> => until(() => app.get(DeliveryWaker).wake(world.workspaceId, connectorId));

  it('wake workers, each queue with all its keys in one slot', async () => {
    await deliver(1, 50);
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
    await deliver(51, 50);
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
