import { newId } from '@percorso/kernel';
import type { Database, Leases } from '@percorso/storage';
import { DEFAULT_DELIVERY } from './delivery-options';
import { shareCalls } from './flow';
import { connectorPlace, lockFlow, readFlow, saveLimits } from './flow.store';
import type { Claim } from './lane-claim';
import type { LanePump } from './lane-pump';
import type { Lane } from './provider-gateway';
import { useDeliveryWorld } from './testing/delivery-fixture';
import type { DeliveryWorld } from './testing/delivery-world';
import { useScriptedLanes } from './testing/scripted-lanes';

const lane = (batch: number, perSecond = 1e6, host?: string): Lane => ({
  kind: 'campaign',
  capabilities: {
    upsert: { idempotency: 'upsert', batch, perSecond },
    remove: { idempotency: 'upsert', batch, perSecond },
  },
  lookup: false,
  host,
});

/** Connectors of the 1,000 that have something to send. */
const BUSY = 200;

/** The gateway of these specs makes one request of each claim. */
const shareOf = (concurrency: number): number => shareCalls(concurrency).claims;

describe('flow control', () => {
  let database: Database;
  let world: DeliveryWorld;
  const lanes = useScriptedLanes({ ...DEFAULT_DELIVERY, deadlineMs: 60_000 });
  const { clock } = lanes;

  useDeliveryWorld((made, used) => {
    world = made;
    database = used;
  });

  async function connect(url: string, how: Lane, where = world): Promise<string> {
    const connectorId = await where.connector();
    lanes.serve(connectorId, url, how);
    return connectorId;
  }

  /**
   * One process's worker.
   * @param claims told what each claim found, in their order
   */
  function pump(claims: Claim['kind'][] = []): LanePump {
    const delivery = lanes.delivery(database);
    const claim = delivery.claim.bind(delivery);
    delivery.claim = async (...about) => {
      const found = await claim(...about);
      claims.push(found.kind);
      return found;
    };
    return lanes.pump(database, delivery);
  }

  async function run(connectorId: string): Promise<void> {
    const worker = pump();
    worker.wake(world.workspaceId, connectorId);
    await worker.settled();
  }

  async function fill(connectorId: string, count: number, where = world, first = 1): Promise<void> {
    const persons = Array.from({ length: count }, (_, n) => first + n);
    await where.profiles(persons);
    await where.record(
      connectorId,
      newId(),
      persons.map((person) => ({ person })),
      clock.now(),
    );
  }

  const flowOf = (connectorId: string) =>
    database.tx(world.workspaceId, (tx) => readFlow(tx, connectorPlace(connectorId)));

  it('claims no more often than there is something to claim', async () => {
    const { url } = await lanes.provider();
    const connectorId = await connect(url, lane(100));
    const claims: Claim['kind'][] = [];
    const worker = pump(claims);
    for (const first of [1, 1001]) {
      await fill(connectorId, 150, world, first);
      worker.wake(world.workspaceId, connectorId);
      await worker.settled();
    }
    expect(await world.states(connectorId)).toEqual({ accepted: 300 });
    expect(claims).toEqual(['send', 'send']);
  });

  it('claims nothing while it has no room, however often it is woken', async () => {
    const { provider: twin, url } = await lanes.provider();
    const connectorId = await connect(url, lane(100));
    await database.tx(world.workspaceId, async (tx) => {
      await lockFlow(tx, connectorPlace(connectorId));
      await saveLimits(tx, connectorPlace(connectorId), { perSecond: null, concurrency: 1 });
    });
    let open = (): void => undefined;
    twin.gate = new Promise<void>((resolve) => (open = resolve));
    const claims: Claim['kind'][] = [];
    const worker = pump(claims);
    await fill(connectorId, 10);
    worker.wake(world.workspaceId, connectorId);
    await until(() => twin.requests === 1);
    for (const first of [11, 21, 31]) {
      await fill(connectorId, 10, world, first);
      worker.wake(world.workspaceId, connectorId);
    }
    open();
    await worker.settled();
    expect(await world.states(connectorId)).toEqual({ accepted: 40 });
    expect(claims).toEqual(['send', 'send']);
  });

  it('looks for what waited for a call when that has ended, whoever looked meanwhile', async () => {
    const { provider: twin, url } = await lanes.provider();
    const connectorId = await connect(url, lane(100));
    const syncId = newId();
    await world.profiles([1]);
    await world.record(connectorId, syncId, [{ person: 1 }], clock.now());
    let open = (): void => undefined;
    twin.gate = new Promise<void>((resolve) => (open = resolve));
    const calling = pump();
    calling.wake(world.workspaceId, connectorId);
    await until(() => twin.requests === 1);
    const removal = { person: 1, membershipVersion: '2', operation: 'remove' as const };
    await world.record(connectorId, syncId, [removal], clock.now());
    const claims: Claim['kind'][] = [];
    const other = pump(claims);
    other.wake(world.workspaceId, connectorId);
    await other.settled();
    expect(claims).toEqual(['idle']);
    open();
    await calling.settled();
    expect(await world.states(connectorId)).toEqual({ accepted: 2 });
  });

  it('holds the rate across processes', async () => {
    const { provider: twin, url } = await lanes.provider();
    const connectorId = await connect(url, lane(5, 100));
    await fill(connectorId, 150);
    const started = Date.now();
    const workers = [pump(), pump(), pump()];
    for (const worker of workers) worker.wake(world.workspaceId, connectorId);
    await Promise.all(workers.map((worker) => worker.settled()));
    expect(await world.states(connectorId)).toEqual({ accepted: 150 });
    // 100 a second, the last batch of 25 without a wait after it.
    expect(Date.now() - started).toBeGreaterThanOrEqual(1200);
    expect(twin.received).toHaveLength(150);
  });

  it('has as many calls out as the admin says, and no more', async () => {
    const { provider: twin, url } = await lanes.provider();
    const connectorId = await connect(url, lane(1));
    for (const [round, concurrency] of [2, 1, 6].entries()) {
      await database.tx(world.workspaceId, (tx) =>
        lockFlow(tx, connectorPlace(connectorId)).then(() =>
          saveLimits(tx, connectorPlace(connectorId), { perSecond: null, concurrency }),
        ),
      );
      await fill(connectorId, 12, world, 1 + 100 * round);
      let open = (): void => undefined;
      twin.gate = new Promise((resolve) => (open = resolve));
      twin.mostAtOnce = 0;
      const worker = pump();
      worker.wake(world.workspaceId, connectorId);
      await until(() => twin.atOnce === shareOf(concurrency));
      open();
      await worker.settled();
      expect(twin.mostAtOnce).toBeLessThanOrEqual(concurrency);
      expect(await world.states(connectorId)).toEqual({ accepted: 12 * (round + 1) });
    }
  });

  it('claims of a process that died hold up nobody but their own persons', async () => {
    const { provider: twin, url } = await lanes.provider();
    const connectorId = await connect(url, lane(2));
    await fill(connectorId, 8);
    const dead = newId();
    const died = lanes.delivery(database, {}, { id: dead } as Leases);
    for (let claims = 0; claims < 2; claims++) await died.claim(world.workspaceId, connectorId, lane(2));
    const tell = (seconds: number): Promise<unknown> =>
      world.asOwner(
        `INSERT INTO percorso.worker (id, name, kinds, alive_until)
         VALUES ($1, 'spec', '{}', now() + $2 * interval '1 second')
         ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until`,
        [dead, seconds],
      );
    await tell(60);
    await run(connectorId);
    expect(await world.states(connectorId)).toEqual({ sending: 4, pending: 4 });
    await tell(-1);
    await run(connectorId);
    expect(await world.states(connectorId)).toEqual({ sending: 4, accepted: 4 });
    expect(twin.received).toHaveLength(4);
    await world.asOwner('DELETE FROM percorso.worker WHERE id = $1', [dead]);
  });

  it('backs off from 429s, and a breaker probes with one row before the rest follows', async () => {
    const { provider: twin, url } = await lanes.provider();
    const connectorId = await connect(url, lane(50));
    await fill(connectorId, 200);
    twin.script.push({ do: 'throttle', afterSeconds: 1 });
    await run(connectorId);
    expect((await flowOf(connectorId)).learnedPerSecond).toBeGreaterThan(0);

    twin.script.push(...Array.from({ length: 30 }, () => ({ do: 'unavailable' as const })));
    for (let turn = 0; turn < 3; turn++) {
      clock.advance(120_000);
      await run(connectorId);
    }
    expect(await flowOf(connectorId)).toMatchObject({ breaker: 'open', reason: 'unavailable' });
    const calls = twin.requests;
    await run(connectorId);
    expect(twin.requests).toBe(calls);

    twin.script.length = 0;
    clock.advance(600_000);
    const accepted = twin.received.length;
    await run(connectorId);
    expect(twin.sizes[calls]).toBe(1);
    expect(twin.received.length).toBe(accepted + 200 - accepted);
    expect(await flowOf(connectorId)).toMatchObject({ breaker: 'closed', failures: 0 });
    expect(await world.states(connectorId)).toEqual({ accepted: 200 });
  });

  it('one host that is down rests all its connectors, and one probe serves them all', async () => {
    const { provider: twin, url } = await lanes.provider();
    const how = lane(10, 1e6, 'api.example.test');
    const first = await connect(url, how);
    const second = await connect(url, how);
    await fill(first, 30);
    twin.script.push(...Array.from({ length: 9 }, () => ({ do: 'unavailable' as const })));
    for (let turn = 0; turn < 3; turn++) {
      clock.advance(60_000);
      await run(first);
    }
    await fill(second, 30, world, 100);
    const calls = twin.requests;
    await run(second);
    expect(twin.requests).toBe(calls);
    twin.script.length = 0;
    clock.advance(600_000);
    await run(second);
    await run(first);
    expect(await world.states(second)).toEqual({ accepted: 30 });
    expect(await world.states(first)).toEqual({ accepted: 30 });
  });

  it('a removal and a message someone waits for overtake a bulk of many rows', async () => {
    const { provider: twin, url } = await lanes.provider();
    const connectorId = await connect(url, lane(10));
    await fill(connectorId, 2000);
    await world.profiles([5001, 5002]);
    await world.record(
      connectorId,
      newId(),
      [
        { person: 5001, operation: 'remove', payload: { id: 'removal' } },
        { person: 5002, priority: 'transactional', payload: { id: 'urgent' } },
      ],
      clock.now(),
    );
    await run(connectorId);
    const order = twin.received.map(({ payload }) => payload.id);
    expect(order.indexOf('urgent')).toBeLessThan(50);
    expect(order.indexOf('removal')).toBeLessThan(50);
    expect(await world.states(connectorId)).toEqual({ accepted: 2002 });
  });

  it('a flood of urgent rows does not starve the bulk', async () => {
    const { provider: twin, url } = await lanes.provider();
    const { upsert } = lane(10).capabilities;
    const one = { ...lane(10), capabilities: { upsert: { ...upsert!, idempotency: 'none' as const } } };
    const connectorId = await connect(url, one);
    await world.profiles(Array.from({ length: 600 }, (_, n) => n + 1));
    const urgent = Array.from({ length: 500 }, (_, n) => ({
      person: n + 1,
      priority: 'transactional' as const,
    }));
    await world.record(connectorId, newId(), urgent, clock.now());
    await world.record(connectorId, newId(), [{ person: 600, payload: { id: 'bulk' } }], clock.now());
    await run(connectorId);
    expect(twin.received.findIndex(({ payload }) => payload.id === 'bulk')).toBeLessThan(250);
  });

  it('1,000 connectors of two workspaces: one floods, the others are served in their turn', async () => {
    const { provider: twin, url } = await lanes.provider();
    const other = await world.another();
    const flood = await connect(url, lane(50));
    await fill(flood, 6_000);
    const rest = Array.from({ length: 999 }, () => newId());
    for (const [n, id] of rest.entries()) {
      lanes.serve(id, url, lane(50));
      await database.statement(
        (n % 2 ? world : other).workspaceId,
        `INSERT INTO connector (workspace_id, id, plugin_id, name, settings, created_at, updated_at)
         VALUES ($1, $2, 'spec', 'spec', '{}', now(), now())`,
        [(n % 2 ? world : other).workspaceId, id],
      );
    }
    const busy = rest.slice(0, BUSY);
    await other.profiles([1, 2, 3]);
    for (const where of [world, other]) {
      const mine = busy.filter((_, n) => (n % 2 ? world : other) === where);
      await database.tx(where.workspaceId, (tx) =>
        tx.query(
          `INSERT INTO effect (workspace_id, id, key, connector_id, person, profile_id, membership_version, operation,
             payload, state, due_at, created_at, updated_at)
           SELECT $1, gen_random_uuid(), c || ':' || p, c, p, gen_random_uuid(), 1, 'upsert',
             jsonb_build_object('small', true), 'pending', $3, $3, $3
           FROM unnest($2::uuid[]) c, generate_series(1, 3) p`,
          [where.workspaceId, mine, clock.now()],
        ),
      );
    }
    const worker = pump();
    worker.wake(world.workspaceId, flood);
    rest.forEach((id, n) => worker.wake((n % 2 ? world : other).workspaceId, id));
    await worker.settled();
    const small = twin.received.flatMap(({ payload }, place) => (payload.small ? [place] : []));
    expect(small).toHaveLength(BUSY * 3);
    // The flood has had a few rounds' worth and no more.
    const floodedBefore = small.at(-1)! + 1 - small.length;
    expect(floodedBefore).toBeLessThan(3_000);
    expect(await world.states(flood)).toEqual({ accepted: 6_000 });
  }, 240_000);
});

async function until(condition: () => boolean, timeoutMs = 60_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > end) throw new RangeError('the condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
