import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Item, Operation, Verdict } from '@percorso/plugin-kit';
import { pluginTarball } from '../install/testing/packages';
import { PluginWorld } from '../install/testing/world';
import { ConnectorRuntime } from './connector-runtime';

/** Does what a call asks it to. */
const CODE = `
const { Setting, answered, capability, definePlugin, itemwise, rejected } = require('@percorso/plugin-kit');
const life = require('node:crypto').randomUUID();
class Settings {}
Setting()(Settings.prototype, 'url');
const deeds = {
  echo: ({ value }) => answered(value, 'p1'),
  life: () => answered(life),
  refuse: () => rejected('no', 'No.'),
  ask: async (_, ctx) => answered((await ctx.http.get(ctx.settings.url)).data),
};
const deliver = itemwise(({ payload }, ctx) => deeds[payload.deed](payload, ctx), { atOnce: 20 });
const options = { idempotency: 'none', batch: 20, perSecond: 100000 };
exports.default = definePlugin({ settings: Settings, check: async () => undefined,
  call: capability(deliver, options), upsert: capability(deliver, options) });`;

const world = new PluginWorld();
/** A provider that never answers. */
const silent = createServer(() => undefined);
let connectorId: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  await world.start();
  Object.assign(world, await world.workspace(undefined, { allowPrivateNetwork: true }));
  const manifest = { kind: 'service', api: '^1.2', capabilities: ['call', 'upsert'] };
  world.registry.publish('percorso-plugin-texts', '1.0.0', pluginTarball({ code: CODE, manifest }));
  await world.call('POST', '/v1/plugins', { name: 'percorso-plugin-texts', version: '1.0.0' });
  await world.call('POST', '/v1/plugins/texts/versions/1.0.0/approve', { egress: [{ setting: 'url' }] });
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
  const made = await world.call('POST', '/v1/connectors', { plugin: 'texts', name: 'C', settings: { url } });
  connectorId = made.body.id;
}, 120_000);
afterAll(async () => {
  silent.closeAllConnections();
  silent.close();
  await world.stop();
});

const deliver = (operation: Operation, payloads: object[], deadlineMs = 30_000): Promise<Verdict[]> => {
  const items = payloads.map((payload, n): Item => ({ key: `k${n}`, payload: payload as Item['payload'] }));
  const runtime = world.hubs[0]!.get(ConnectorRuntime);
  return runtime.deliver(world.workspaceId, connectorId, operation, items, { deadlineMs });
};
const call = (payloads: object[], deadlineMs?: number) => deliver('call', payloads, deadlineMs);

it('a service is there for calls, and for third parties alone', async () => {
  const described = await world.hubs[0]!.get(ConnectorRuntime).describe(world.workspaceId, connectorId);
  expect(described).toMatchObject({ kind: 'service', capabilities: { call: { batch: 20 } } });
  expect((await world.call('GET', `/v1/connectors/${connectorId}`)).body.usage).toEqual(['third-party']);
});

it('a response is handed on as it was said, each to its call', async () => {
  const values = [{ points: 7, tags: ['a'], more: { deep: null } }, 'text', 0, false, null, [1, [2]], 'é€😀'];
  expect(await call(values.map((value) => ({ deed: 'echo', value })))).toEqual(
    values.map((response) => ({ status: 'accepted', providerId: 'p1', response })),
  );
  expect(await call([{ deed: 'echo' }, { deed: 'refuse' }])).toEqual([
    { status: 'accepted', providerId: 'p1', response: null },
    { status: 'rejected', code: 'no', reason: 'No.' },
  ]);
});

it('a response that is too large is lost, but not what became of the call', async () => {
  const most = 'x'.repeat(64 * 1024 - 2);
  expect(await call([most, `${most}x`].map((value) => ({ deed: 'echo', value })))).toEqual([
    { status: 'accepted', providerId: 'p1', response: most },
    { status: 'accepted', providerId: 'p1', responseProblem: 'too-large' },
  ]);
});

it('only calls have responses', async () =>
  expect(await deliver('upsert', [{ deed: 'echo', value: 1 }])).toEqual([
    { status: 'accepted', providerId: 'p1' },
  ]));

it('a call that is not answered in time is in doubt, and costs no other call', async () => {
  const [before] = await call([{ deed: 'life' }]);
  const late = call([{ deed: 'ask' }], 3000);
  expect(await call([{ deed: 'life' }])).toEqual([before]);
  const wire = { kind: 'http', error: 'ERR_CANCELED', response: null };
  expect(await late).toMatchObject([
    { status: 'unknown', code: 'deadline', exchange: { items: 1, item: 1, exchange: wire } },
  ]);
  expect(await call([{ deed: 'life' }])).toEqual([before]);
});
