import { pluginTarball } from '../install/testing/packages';
import { PluginWorld } from '../install/testing/world';
import { ConnectorRuntime } from '../runtime/connector-runtime';

const CODE = `
const { Setting, capability, definePlugin, accepted } = require('@percorso/plugin-kit');
class Settings {}
Setting()(Settings.prototype, 'broken');
exports.default = definePlugin({
  settings: Settings,
  check: async () => undefined,
  upsert: capability(async (items, { settings }) => settings.broken ? process.exit(1) : items.map(() => accepted()), {
    idempotency: 'upsert', batch: 100, perSecond: 100000 }),
});`;
const world = new PluginWorld();

beforeAll(() => world.start(), 120_000);
afterAll(() => world.stop());

async function connector(): Promise<string> {
  const tarball = pluginTarball({ code: CODE, manifest: { egress: [] } });
  world.registry.publish('percorso-plugin-texts', '1.0.0', tarball);
  await world.call('POST', '/v1/plugins', { name: 'percorso-plugin-texts', version: '1.0.0' });
  await world.call('POST', '/v1/plugins/texts/versions/1.0.0/approve', { egress: [] });
  const settings = { broken: true };
  return (await world.call('POST', '/v1/connectors', { plugin: 'texts', name: 'Texts', settings })).body.id;
}

describe('a plugin whose process keeps crashing', () => {
  it('is parked with the reason, in every hub, until an admin lets it go on', async () => {
    const id = await connector();
    const other = await world.hub('other');
    const deliver = async (hub = world.hubs[0]!) => {
      const items = [{ key: 'k', payload: {} }];
      const runtime = hub.get(ConnectorRuntime);
      return (await runtime.deliver(world.workspaceId, id, 'upsert', items, { deadlineMs: 30_000 }))[0];
    };
    const parked = async () => (await world.call('GET', '/v1/plugins/texts')).body.parked;
    const until = Date.now() + 60_000;
    const seen = new Set<string>();
    while ((await parked()) === null && Date.now() < until) {
      const verdict = await deliver().catch(() => undefined);
      if (verdict) seen.add(`${verdict.status} ${'code' in verdict ? verdict.code : ''}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // What was out is in doubt; what came while it rested was not sent.
    expect([...seen].sort()).toEqual(['retry plugin-resting', 'unknown plugin-died']);
    expect(await parked()).toMatchObject({
      reason: expect.stringMatching(/ended \d+ times in a row.* plugin-died/),
    });
    for (const hub of [world.hubs[0]!, other])
      await expect(deliver(hub)).rejects.toMatchObject({ code: 'plugin-parked', status: 503 });
    expect((await world.call('POST', '/v1/plugins/texts/unpark')).body).toMatchObject({ parked: null });
    expect((await world.call('PATCH', `/v1/connectors/${id}`, { settings: { broken: false } })).status).toBe(
      200,
    );
    for (const hub of [world.hubs[0]!, other])
      expect(await deliver(hub)).toMatchObject({ status: 'accepted' });
    expect((await world.call('POST', '/v1/plugins/texts/unpark')).status).toBe(404);
    expect((await world.audited()).map(({ action }) => action).slice(-2)).toEqual([
      'plugin.parked',
      'plugin.unparked',
    ]);
  });
});
