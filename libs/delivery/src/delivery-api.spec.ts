import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { serveModule } from '@percorso/access';
import { newId } from '@percorso/kernel';
import { LanePump } from './lane-pump';
import type { Lane } from './provider-gateway';
import { useDeliveryWorld } from './testing/delivery-fixture';
import { composeDelivery, ROOT_KEY } from './testing/delivery-hub';
import type { DeliveryWorld } from './testing/delivery-world';
import { HttpGateway } from './testing/http-gateway';
import { ScriptedProvider } from './testing/scripted-provider';

const HOST = 'api.example.test';
const MAILER: Lane = {
  kind: 'messaging',
  channel: 'email',
  capabilities: { send: { idempotency: 'none', batch: 10, perSecond: 1000 } },
  lookup: false,
  host: HOST,
};

interface Reply {
  status: number;
  body: Record<string, unknown> & { code?: string };
}

let world: DeliveryWorld;
const engines = useDeliveryWorld((made) => (world = made));

describe('deliveries over HTTP', () => {
  let app: NestFastifyApplication;
  let provider: ScriptedProvider;
  let key: string;
  let connectorId: string;
  const lanes = new Map<string, { url: string; lane: Lane }>();

  beforeAll(async () => {
    const delivery = { tickMs: 100, backoffMs: 20 };
    const module = await composeDelivery(engines(), { gateway: new HttpGateway(lanes), delivery });
    app = await serveModule(module);
  });
  afterAll(() => app?.close());

  beforeEach(async () => {
    const made = await call(
      'POST',
      '/v1/workspaces',
      { name: 'spec', settings: { unknownConsent: 'allow' } },
      ROOT_KEY,
    );
    key = String(made.body.adminKey);
    world = world.of(String(made.body.id));
    connectorId = await world.connector();
    provider = new ScriptedProvider();
    lanes.set(connectorId, { url: await provider.start(), lane: MAILER });
  });
  afterEach(async () => {
    await app.get(LanePump).settled();
    await provider.stop();
  });

  async function call(
    method: 'GET' | 'POST' | 'PUT',
    url: string,
    payload?: object,
    bearer = key,
    version?: number,
  ): Promise<Reply> {
    const ifMatch = version === undefined ? {} : { 'if-match': `"${version}"` };
    const headers = { authorization: `Bearer ${bearer}`, ...ifMatch };
    const response = await app.inject({ method, url, payload, headers });
    return { status: response.statusCode, body: response.json() as Reply['body'] };
  }

  const delivery = async (): Promise<Reply['body']> =>
    (await call('GET', `/v1/connectors/${connectorId}/delivery`)).body;

  async function message(person: number): Promise<void> {
    await world.profiles([person]);
    const send = { person, operation: 'send' as const, channel: 'email', address: 'ada@example.org' };
    await world.record(connectorId, newId(), [send]);
    app.get(LanePump).wake(world.workspaceId, connectorId);
  }

  async function until(state: string): Promise<string> {
    for (let tries = 0; tries < 1000; tries++) {
      const { rows } = await world.asOwner<{ id: string; state: string }>(
        'SELECT id, state FROM percorso.effect WHERE connector_id = $1',
        [connectorId],
      );
      if (rows[0]?.state === state) return rows[0].id;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new RangeError(`the effect is not ${state} in time`);
  }

  it('tell lanes, pace, breaker and lag', async () => {
    expect(await delivery()).toMatchObject({
      version: 1,
      waiting: { transactional: 0, removal: 0, bulk: 0 },
      inFlight: { batches: 0, rows: 0 },
      unknown: 0,
      whenUnknown: 'keep',
      concurrency: 2,
      rate: { perSecond: 1000, plugin: 1000, limit: null, learned: null, restUntil: null },
      breaker: { state: 'closed', reason: null, failures: 0, nextProbeAt: null },
      lag: { lastToldAt: null, lastSeconds: null, oldestWaitingSeconds: null },
      host: null,
    });
    await message(1);
    await until('accepted');
    const after = await delivery();
    expect(after.host).toMatchObject({ host: HOST, breaker: { state: 'closed' } });
    expect(after.lag).toMatchObject({ lastToldAt: expect.any(String), lastSeconds: expect.any(Number) });
  });

  it('are limited by whoever read them', async () => {
    const put = (version: number | undefined, body: object): Promise<Reply> =>
      call('PUT', `/v1/connectors/${connectorId}/delivery`, body, key, version);
    expect((await put(undefined, {})).status).toBe(428);
    expect((await put(1, { perSecond: 0 })).body.code).toBe('invalid');
    expect((await put(1, { perSecond: 5, concurrency: 3 })).body).toMatchObject({
      version: 2,
      concurrency: 3,
      rate: { perSecond: 5, plugin: 1000, limit: 5 },
    });
    expect((await put(1, { perSecond: 6 })).status).toBe(412);
    expect((await put(2, {})).body).toMatchObject({ version: 3, concurrency: 2, rate: { limit: null } });
    expect((await call('PUT', `/v1/delivery-hosts/${HOST}`, {}, key, 1)).status).toBe(404);
    await message(1);
    await until('accepted');
    const host = await call('PUT', `/v1/delivery-hosts/${HOST}`, { concurrency: 1 }, key, 1);
    expect(host.body).toMatchObject({ host: HOST, version: 2, concurrency: 1 });
    expect((await call('GET', `/v1/delivery-hosts/${HOST}`)).body).toEqual(host.body);
  });

  it('that failed are tried again at once when an admin asks', async () => {
    await world.asOwner(
      `INSERT INTO percorso.delivery_flow (workspace_id, place, breaker, failures, reason, probe_at)
       VALUES ($1, $2, 'open', 3, 'unavailable', now() + interval '1 day')`,
      [world.workspaceId, `connector:${connectorId}`],
    );
    await message(1);
    await app.get(LanePump).settled();
    expect((await delivery()).breaker).toMatchObject({ state: 'open', reason: 'unavailable', failures: 3 });
    expect(provider.requests).toBe(0);
    expect((await call('POST', `/v1/connectors/${connectorId}/delivery/probe`)).status).toBe(200);
    await until('accepted');
    expect((await delivery()).breaker).toMatchObject({ state: 'closed', nextProbeAt: null });
  });

  it.each([
    ['accepted', 'accepted', 1],
    ['not-delivered', 'accepted', 2],
  ])('of unknown outcome are settled by hand: %s', async (outcome, state, arrivals) => {
    provider.script.push({ do: 'lose' });
    await message(1);
    const id = await until('unknown');
    expect((await delivery()).unknown).toBe(1);
    expect((await call('POST', `/v1/effects/${id}/settle`, { outcome: 'maybe' })).status).toBe(422);
    const settled = await call('POST', `/v1/effects/${id}/settle`, { outcome, note: 'Asked them.' });
    expect(settled.body).toMatchObject({
      id,
      reasonCode: 'settled-by-hand',
      attempts: [{ outcome: 'unknown' }],
    });
    await until(state);
    await app.get(LanePump).settled();
    expect(provider.received).toHaveLength(arrivals);
    expect((await call('POST', `/v1/effects/${id}/settle`, { outcome })).body.code).toBe('not-unknown');
    expect((await call('GET', `/v1/effects/${newId()}`)).status).toBe(404);
    const audited = await world.asOwner(
      'SELECT detail FROM percorso.audit WHERE workspace_id = $1 AND action = $2',
      [world.workspaceId, 'effect.settled'],
    );
    expect(audited.rows).toEqual([{ detail: { outcome, note: 'Asked them.' } }]);
  });

  it.each([
    ['assume-accepted', 1, 'assumed'],
    ['send-again', 2, null],
  ])('of unknown outcome follow the policy %s', async (whenUnknown, arrivals, reasonCode) => {
    await call('PUT', `/v1/connectors/${connectorId}/delivery`, { whenUnknown }, key, 1);
    provider.script.push({ do: 'lose' });
    await message(1);
    const id = await until('accepted');
    expect((await call('GET', `/v1/effects/${id}`)).body).toMatchObject({ reasonCode });
    expect(provider.received).toHaveLength(arrivals);
  });
});
