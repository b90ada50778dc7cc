import { newId } from '@percorso/kernel';
import type { Database } from '@percorso/storage';
import { DEFAULT_DELIVERY } from './delivery-options';
import type { LanePump } from './lane-pump';
import type { Lane } from './provider-gateway';
import { addSuppressions } from './suppression.store';
import { useDeliveryWorld } from './testing/delivery-fixture';
import type { DeliveryWorld } from './testing/delivery-world';
import { useScriptedLanes } from './testing/scripted-lanes';
import type { ScriptedProvider } from './testing/scripted-provider';

const CAMPAIGN: Lane = {
  kind: 'campaign',
  capabilities: {
    upsert: { idempotency: 'upsert', batch: 100, perSecond: 1e6 },
    remove: { idempotency: 'upsert', batch: 100, perSecond: 1e6 },
  },
  lookup: false,
};
const mailer = (idempotency: 'native-key' | 'lookup' | 'none', batch = 50): Lane => ({
  kind: 'messaging',
  channel: 'email',
  capabilities: { send: { idempotency, batch, perSecond: 1e6 } },
  lookup: idempotency === 'lookup',
});

describe('delivery', () => {
  let database: Database;
  let world: DeliveryWorld;
  const lanes = useScriptedLanes({ ...DEFAULT_DELIVERY, maxAttempts: 5 });
  const { clock, options } = lanes;

  useDeliveryWorld((made, used) => {
    world = made;
    database = used;
  });

  async function connect(
    lane: Lane,
  ): Promise<{ connectorId: string; provider: ScriptedProvider; syncId: string }> {
    return { ...(await lanes.connect(world, lane)), syncId: newId() };
  }

  const pump = (): LanePump => lanes.pump(database);

  /** Lets the lane run until it has nothing left to do now. */
  async function run(connectorId: string): Promise<void> {
    const worker = pump();
    worker.wake(world.workspaceId, connectorId);
    await worker.settled();
  }

  const persons = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);

  it('delivers every row once and keeps what the provider named it', async () => {
    const { connectorId, provider, syncId } = await connect(CAMPAIGN);
    await world.profiles(persons(350));
    await world.record(
      connectorId,
      syncId,
      persons(350).map((person) => ({ person })),
      clock.now(),
    );
    await run(connectorId);
    expect(await world.states(connectorId)).toEqual({ accepted: 350 });
    expect([...provider.arrivals().values()]).toEqual(Array(350).fill(1));
    expect((await world.rows(connectorId)).every((row) => row.providerId?.startsWith('p-'))).toBe(true);
  });

  it('answers item by item: one poison, 999 delivered, one dead letter with its reason', async () => {
    const { connectorId, provider, syncId } = await connect(CAMPAIGN);
    provider.refuse = (payload) => (payload.id === 500 ? { code: 'bad-field' } : undefined);
    await world.profiles(persons(1000));
    await world.record(
      connectorId,
      syncId,
      persons(1000).map((person) => ({ person })),
      clock.now(),
    );
    await run(connectorId);
    expect(await world.states(connectorId)).toEqual({ accepted: 999, rejected: 1 });
    const dead = (await world.rows(connectorId)).find((row) => row.state === 'rejected');
    expect(dead).toMatchObject({ person: 500, code: 'bad-field', reason: 'refused by the provider' });
  });

  it('makes no call while a Retry-After runs, then delivers all', async () => {
    const { connectorId, provider, syncId } = await connect(CAMPAIGN);
    provider.script.push({ do: 'throttle', afterSeconds: 30 });
    await world.profiles(persons(250));
    await world.record(
      connectorId,
      syncId,
      persons(250).map((person) => ({ person })),
      clock.now(),
    );
    await run(connectorId);
    const calls = provider.requests;
    expect(calls).toBeLessThanOrEqual(options.callsPerLane);
    clock.advance(29_000);
    await run(connectorId);
    expect(provider.requests).toBe(calls);
    clock.advance(2_000);
    await run(connectorId);
    expect(await world.states(connectorId)).toEqual({ accepted: 250 });
  });

  it('a late retry never undoes a removal', async () => {
    const { connectorId, provider, syncId } = await connect(CAMPAIGN);
    provider.script.push({ do: 'unavailable' });
    await world.profiles([1]);
    await world.record(connectorId, syncId, [{ person: 1 }], clock.now());
    await run(connectorId);
    expect(await world.states(connectorId)).toEqual({ pending: 1 });
    await world.record(
      connectorId,
      syncId,
      [{ person: 1, membershipVersion: '2', operation: 'remove', payload: { id: 1 } }],
      clock.now(),
    );
    clock.advance(60_000);
    await run(connectorId);
    expect((await world.rows(connectorId)).map((row) => row.state)).toEqual(['superseded', 'accepted']);
    expect(provider.received.map((item) => item.operation)).toEqual(['remove']);
  });

  it.each([
    ['another key', [['id']], { id: 2 }, 'accepted', null],
    ['the same key', [['id']], { id: 1 }, 'superseded', 'survivor-has-it'],
    ['a key that nobody knows', undefined, { id: 2 }, 'superseded', 'record-key-unknown'],
  ])(
    'removes who was merged away beside a survivor under %s',
    async (_name, recordKey, payload, state, code) => {
      const { connectorId, syncId } = await connect({ ...CAMPAIGN, recordKey });
      await world.profiles([1]);
      await world.asOwner(
        `INSERT INTO percorso.identity_node (workspace_id, node, namespace, value, home, person, first_seen)
       VALUES ($1, 2, 'user_id', 'u2', 2, 1, now())`,
        [world.workspaceId],
      );
      await world.record(connectorId, syncId, [{ person: 1, payload: { id: 1 } }], clock.now());
      await run(connectorId);
      await world.record(
        connectorId,
        syncId,
        [{ person: 2, membershipVersion: '2', operation: 'remove', payload }],
        clock.now(),
      );
      await run(connectorId);
      expect((await world.rows(connectorId))[1]).toMatchObject({ state, code });
    },
  );

  it('keeps one call per profile out, so that versions arrive in order', async () => {
    const { connectorId, provider, syncId } = await connect(CAMPAIGN);
    let open = (): void => undefined;
    provider.gate = new Promise((resolve) => (open = resolve));
    await world.profiles([1]);
    await world.record(connectorId, syncId, [{ person: 1 }], clock.now());
    const worker = pump();
    worker.wake(world.workspaceId, connectorId);
    await until(() => provider.requests === 1);
    await world.record(connectorId, syncId, [{ person: 1, membershipVersion: '2' }], clock.now());
    worker.wake(world.workspaceId, connectorId);
    const second = pump();
    second.wake(world.workspaceId, connectorId);
    await second.settled();
    expect(provider.requests).toBe(1);
    open();
    await worker.settled();
    expect(provider.received.map((item) => item.payload.version)).toEqual(['1', '2']);
  });

  it.each<[string, Lane, 'lose' | 'drop', string, number]>([
    ['native key, taken', mailer('native-key'), 'lose', 'accepted', 2],
    ['native key, not taken', mailer('native-key'), 'drop', 'accepted', 1],
    ['lookup, taken', mailer('lookup'), 'lose', 'accepted', 1],
    ['lookup, not taken', mailer('lookup'), 'drop', 'accepted', 1],
    ['nothing to go by, taken', mailer('none'), 'lose', 'unknown', 1],
    ['nothing to go by, not taken', mailer('none'), 'drop', 'unknown', 0],
    ['upsert, taken', CAMPAIGN, 'lose', 'accepted', 2],
  ])('resolves an unknown outcome: %s', async (_name, lane, what, state, arrivals) => {
    const { connectorId, provider, syncId } = await connect(lane);
    provider.script.push({ do: what });
    await world.profiles([1]);
    const operation = lane.kind === 'messaging' ? 'send' : 'upsert';
    await world.record(
      connectorId,
      syncId,
      [{ person: 1, operation, channel: 'email', address: 'a@b.c' }],
      clock.now(),
    );
    await run(connectorId);
    expect(await world.states(connectorId)).toEqual({ unknown: 1 });
    for (let hour = 0; hour < 3; hour++) {
      clock.advance(600_000);
      await run(connectorId);
    }
    expect(await world.states(connectorId)).toEqual({ [state]: 1 });
    expect(provider.received).toHaveLength(arrivals);
    expect((await world.rows(connectorId))[0]?.listed).toBe(state === 'unknown');
  });

  it('treats a lease that ran out as unknown, and a verdict that comes after it as void', async () => {
    const { connectorId, provider, syncId } = await connect(mailer('none'));
    await world.profiles([1]);
    await world.record(
      connectorId,
      syncId,
      [{ person: 1, operation: 'send', channel: 'email', address: 'a@b.c' }],
      clock.now(),
    );
    const delivery = lanes.delivery(database, { deadlineMs: 0, graceMs: 0 });
    const claim = await delivery.claim(world.workspaceId, connectorId, mailer('none'));
    if (claim.kind !== 'send') throw new RangeError(`nothing to send: ${claim.kind}`);
    await run(connectorId);
    expect(await world.states(connectorId)).toEqual({ unknown: 1 });
    await delivery.send(world.workspaceId, connectorId, mailer('none'), claim);
    expect(await world.states(connectorId)).toEqual({ unknown: 1 });
    expect(await world.attempts(connectorId)).toEqual([
      { attempt: 1, outcome: 'unknown', code: 'worker-lost', inOrder: true },
    ]);
    expect(provider.received.length).toBeLessThanOrEqual(1);
  });

  it('gives up after its attempts, as rejected when nothing can have arrived', async () => {
    const { connectorId, provider, syncId } = await connect(CAMPAIGN);
    provider.script.push(...Array.from({ length: 9 }, () => ({ do: 'unavailable' as const })));
    await world.profiles([1]);
    await world.record(connectorId, syncId, [{ person: 1 }], clock.now());
    for (let turn = 0; turn < 8; turn++) {
      await run(connectorId);
      clock.advance(3_600_000);
    }
    expect((await world.rows(connectorId))[0]).toMatchObject({
      state: 'rejected',
      code: 'retries-exhausted',
      attempt: 5,
    });
    expect((await world.attempts(connectorId)).map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'retry'],
      [2, 'retry'],
      [3, 'retry'],
      [4, 'retry'],
      [5, 'rejected'],
    ]);
  });

  it('looks at suppression and consent at the last moment', async () => {
    const { connectorId, provider, syncId } = await connect(mailer('native-key'));
    await world.profiles([1, 2], { email: 'granted' });
    await world.profiles([3], { email: 'denied' });
    await world.profiles([4]);
    await world.asOwner(
      `UPDATE percorso.workspace SET settings = '{"unknownConsent": "deny"}' WHERE id = $1`,
      [world.workspaceId],
    );
    await world.record(
      connectorId,
      syncId,
      [1, 2, 3, 4, 5].map((person) => ({
        person,
        operation: 'send',
        channel: 'email',
        address: `P${person}@Example.org`,
      })),
      clock.now(),
    );
    await database.tx(world.workspaceId, (tx) =>
      addSuppressions(tx, [
        { channel: 'email', address: 'p2@example.org', reason: 'complaint', source: 'spec', at: clock.now() },
      ]),
    );
    await run(connectorId);
    expect((await world.rows(connectorId)).map(({ state, code }) => [state, code])).toEqual([
      ['accepted', null],
      ['suppressed', 'complaint'],
      ['suppressed', 'consent-denied'],
      ['suppressed', 'consent-unknown'],
      ['suppressed', 'profile-gone'],
    ]);
    expect(provider.received.map((item) => item.payload.id)).toEqual([1]);
  });

  it('suppresses an address that bounced hard', async () => {
    const { connectorId, provider, syncId } = await connect(mailer('native-key'));
    provider.refuse = () => ({ code: '550', bounce: 'hard' });
    await world.profiles([1]);
    const send = { person: 1, operation: 'send' as const, channel: 'email', address: 'Gone@example.org' };
    await world.record(connectorId, syncId, [send], clock.now());
    await run(connectorId);
    await world.record(connectorId, newId(), [{ ...send, payload: { id: 'again' } }], clock.now());
    await run(connectorId);
    expect((await world.rows(connectorId)).map(({ state, code }) => [state, code]).sort()).toEqual([
      ['rejected', '550'],
      ['suppressed', 'hard-bounce'],
    ]);
  });

  it('one connector that hangs slows no other', async () => {
    const sick = await connect(CAMPAIGN);
    sick.provider.script.push(...Array.from({ length: 20 }, () => ({ do: 'hang' as const })));
    const well = await connect(CAMPAIGN);
    await world.profiles(persons(400));
    for (const { connectorId, syncId } of [sick, well]) {
      await world.record(
        connectorId,
        syncId,
        persons(400).map((person) => ({ person })),
        clock.now(),
      );
    }
    const worker = pump();
    worker.wake(world.workspaceId, sick.connectorId);
    await until(() => sick.provider.requests === options.callsPerLane);
    worker.wake(world.workspaceId, well.connectorId);
    await until(async () => (await world.states(well.connectorId)).accepted === 400);
    expect(sick.provider.requests).toBe(options.callsPerLane);
    await sick.provider.stop();
    await worker.settled();
  });
});

async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new RangeError('the condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
