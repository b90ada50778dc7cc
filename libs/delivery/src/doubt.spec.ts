import { startTestEngines, type TestEngines } from '@percorso/engines';
import { ManualClock, newId } from '@percorso/kernel';
import { Database, migrate } from '@percorso/storage';
import { Client } from 'pg';
import { DEFAULT_DELIVERY, type DeliveryOptions } from './delivery-options';
import { LaneDelivery } from './lane-delivery';
import { LanePump } from './lane-pump';
import type { Lane } from './provider-gateway';
import { DeliveryWorld } from './testing/delivery-world';
import { HttpGateway } from './testing/http-gateway';
import { ProfileConsents } from './testing/profile-consents';
import { ScriptedProvider } from './testing/scripted-provider';
import { UnknownResolver } from './unknown-resolver';

const MAILER: Lane = {
  kind: 'messaging',
  channel: 'email',
  capabilities: { send: { idempotency: 'none', batch: 50, perSecond: 1e6 } },
  lookup: false,
};

const campaign = (idempotency: 'upsert' | 'lookup' | 'none'): Lane => ({
  kind: 'campaign',
  capabilities: {
    upsert: { idempotency: 'upsert', batch: 100, perSecond: 1e6 },
    remove: { idempotency, batch: 100, perSecond: 1e6 },
  },
  lookup: true,
});

describe('outcomes that nobody was told', () => {
  let engines: TestEngines;
  let owner: Client;
  let database: Database;
  let world: DeliveryWorld;
  const providers: ScriptedProvider[] = [];
  const lanes = new Map<string, { url: string; lane: Lane }>();
  const clock = new ManualClock(new Date('2026-03-01T00:00:00Z'));
  const options: DeliveryOptions = { ...DEFAULT_DELIVERY, maxAttempts: 5 };
  const gateway = new HttpGateway(lanes);

  beforeAll(async () => {
    engines = await startTestEngines();
    await migrate(engines.databaseUrl);
    owner = new Client({ connectionString: engines.databaseUrl });
    await owner.connect();
    database = new Database({ url: engines.databaseUrl });
  });
  afterAll(async () => {
    await Promise.all(providers.map((provider) => provider.stop()));
    await database.close();
    await owner.end();
    await engines.stop();
  });
  beforeEach(async () => {
    world = new DeliveryWorld(database, (text, values) => owner.query(text, values));
    await world.create();
    await world.profiles([1]);
  });

  async function connect(lane: Lane): Promise<{ connectorId: string; provider: ScriptedProvider }> {
    const provider = new ScriptedProvider();
    providers.push(provider);
    const connectorId = await world.connector();
    lanes.set(connectorId, { url: await provider.start(), lane });
    return { connectorId, provider };
  }

  const delivery = (): LaneDelivery =>
    new LaneDelivery(database, gateway, new ProfileConsents(), clock, options);

  /** Lets the lane run until it has nothing left to do now. */
  async function run(connectorId: string): Promise<void> {
    const resolver = new UnknownResolver(database, gateway, clock, options);
    const pump = new LanePump(gateway, delivery(), resolver, options);
    pump.wake(world.workspaceId, connectorId);
    await pump.settled();
  }

  it.each<['upsert' | 'lookup' | 'none', 'lose' | 'drop', number]>([
    // To be removed twice is to be removed; where that is not sure, what is there tells.
    ['upsert', 'drop', 1],
    ['upsert', 'lose', 2],
    ['lookup', 'drop', 1],
    ['lookup', 'lose', 1],
    ['none', 'drop', 1],
    ['none', 'lose', 1],
  ])(
    'does not take a removal for made because the record is there: %s, %s',
    async (idempotency, what, removals) => {
      const { connectorId, provider } = await connect(campaign(idempotency));
      const syncId = newId();
      const payload = { id: 1, name: 'Ada' };
      await world.record(connectorId, syncId, [{ person: 1, payload }], clock.now());
      await run(connectorId);
      provider.script.push({ do: what });
      const gone = { person: 1, membershipVersion: '2', operation: 'remove' as const, payload };
      await world.record(connectorId, syncId, [gone], clock.now());
      await run(connectorId);
      expect(await world.states(connectorId)).toEqual({ accepted: 1, unknown: 1 });
      for (let tries = 0; tries < 3; tries++) {
        clock.advance(60_000);
        await run(connectorId);
      }
      expect(await world.states(connectorId)).toEqual({ accepted: 2 });
      expect(provider.state().get(1)).toMatchObject({ operation: 'remove' });
      expect(provider.received.filter(({ operation }) => operation === 'remove')).toHaveLength(removals);
    },
  );

  it('a version of which nothing is told takes no removal’s place', async () => {
    const { connectorId, provider } = await connect(campaign('upsert'));
    const syncId = newId();
    const payload = { id: 1, name: 'Ada' };
    await world.record(connectorId, syncId, [{ person: 1, payload }], clock.now());
    await run(connectorId);
    const dropped = { code: 'never-entered', reason: 'Nothing was sent when the member entered.' };
    await world.record(
      connectorId,
      syncId,
      [
        { person: 1, membershipVersion: '2', operation: 'remove', payload },
        { person: 1, membershipVersion: '4', payload: undefined, dropped },
      ],
      clock.now(),
    );
    await run(connectorId);
    expect(await world.states(connectorId)).toEqual({ accepted: 2, dropped: 1 });
    expect(provider.state().get(1)).toMatchObject({ operation: 'remove' });
  });

  it('writes down what a provider answered while PostgreSQL was away', async () => {
    const { connectorId, provider } = await connect(MAILER);
    await world.record(
      connectorId,
      newId(),
      [{ person: 1, operation: 'send', channel: 'email', address: 'a@b.c' }],
      clock.now(),
    );
    const worker = delivery();
    const claim = await worker.claim(world.workspaceId, connectorId, MAILER);
    if (claim.kind !== 'send') throw new RangeError(`nothing to send: ${claim.kind}`);
    const lost = Object.assign(new Error('Connection terminated'), { code: 'ECONNRESET' });
    const away = jest.spyOn(database, 'tx').mockRejectedValueOnce(lost).mockRejectedValueOnce(lost);
    await worker.send(world.workspaceId, connectorId, MAILER, claim);
    away.mockRestore();
    expect(await world.states(connectorId)).toEqual({ accepted: 1 });
    expect(provider.received).toHaveLength(1);
  });
});
