import { newId } from '@percorso/kernel';
import type { Database } from '@percorso/storage';
import { DEFAULT_DELIVERY } from './delivery-options';
import type { Lane } from './provider-gateway';
import { useDeliveryWorld } from './testing/delivery-fixture';
import type { DeliveryWorld } from './testing/delivery-world';
import { useScriptedLanes } from './testing/scripted-lanes';
import type { ScriptedProvider } from './testing/scripted-provider';

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
  let database: Database;
  let world: DeliveryWorld;
  const lanes = useScriptedLanes({ ...DEFAULT_DELIVERY, maxAttempts: 5 });
  const { clock } = lanes;

  useDeliveryWorld((made, used) => {
    world = made;
    database = used;
  });

  beforeEach(() => world.profiles([1]));

  const connect = (lane: Lane): Promise<{ connectorId: string; provider: ScriptedProvider }> =>
    lanes.connect(world, lane);

  /** Lets the lane run until it has nothing left to do now. */
  async function run(connectorId: string): Promise<void> {
    const pump = lanes.pump(database);
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
    const worker = lanes.delivery(database);
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
