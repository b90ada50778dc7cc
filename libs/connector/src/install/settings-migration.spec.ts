import { Database } from '@percorso/storage';
import { ConnectorService } from '../connector.service';
import { ConnectorRuntime } from '../runtime/connector-runtime';
import { pluginTarball } from './testing/packages';
import { PluginWorld } from './testing/world';

/** Tells with each verdict what settings it was called with. */
const code = (fields: string[], rest = ''): string => `
const { Setting, Secret, capability, definePlugin, accepted } = require('@percorso/plugin-kit');
const { IsString } = require('class-validator');
class Settings {}
for (const name of ${JSON.stringify(fields)}) {
  (name.endsWith('Key') ? Secret() : Setting())(Settings.prototype, name);
  IsString()(Settings.prototype, name);
}
exports.default = definePlugin({
  settings: Settings,
  check: async () => undefined,
  upsert: capability(async (items, { settings }) => items.map(() => accepted(JSON.stringify(settings))), {
    idempotency: 'upsert', batch: 100, perSecond: 100000 }),
  ${rest}
});`;
const ONE = code(['host', 'apiKey']);
const TWO = code(
  ['url', 'accessKey'],
  `migrateSettings: { 1: ({ host, apiKey }) => ({ url: 'https://' + host, accessKey: apiKey }) },`,
);
const world = new PluginWorld();

beforeAll(() => world.start(), 120_000);
afterAll(() => world.stop());
beforeEach(async () => {
  Object.assign(world, await world.workspace());
});

const upgrade = async (version: string, source: string, settingsVersion: number) => {
  // Two contracts side by side: what migrates speaks 1.2, the version before it 1.1.
  const api = settingsVersion > 1 ? '^1.2' : '^1.1';
  const tarball = pluginTarball({ version, code: source, manifest: { settingsVersion, api, egress: [] } });
  world.registry.publish('percorso-plugin-texts', version, tarball);
  return (await world.call('POST', '/v1/plugins', { name: 'percorso-plugin-texts', version })).body;
};
const activate = (version: string) => world.call('POST', `/v1/plugins/texts/versions/${version}/activate`);
async function begin(): Promise<string> {
  await upgrade('1.0.0', ONE, 1);
  await world.call('POST', '/v1/plugins/texts/versions/1.0.0/approve', { egress: [] });
  const settings = { host: 'texts.test', apiKey: 'k-1' };
  return (await world.call('POST', '/v1/connectors', { plugin: 'texts', name: 'Texts', settings })).body.id;
}
const calledWith = async (id: string): Promise<object> => {
  const runtime = world.hubs[0]!.get(ConnectorRuntime);
  const [verdict] = await runtime.deliver(world.workspaceId, id, 'upsert', [{ key: 'k', payload: {} }], {
    deadlineMs: 30_000,
  });
  return JSON.parse((verdict as { providerId: string }).providerId);
};
const shown = async (id: string) => (await world.call('GET', `/v1/connectors/${id}`)).body.settings;

describe('settings of another version', () => {
  it('follow an upgrade, secrets among them, and the way back', async () => {
    const id = await begin();
    expect(await calledWith(id)).toEqual({ host: 'texts.test', apiKey: 'k-1' });
    expect((await upgrade('2.0.0', TWO, 2)).versions[0]).toMatchObject({ live: true, problem: null });
    expect(await calledWith(id)).toEqual({ url: 'https://texts.test', accessKey: 'k-1' });
    expect(await shown(id)).toEqual({ url: 'https://texts.test', accessKey: { set: true } });
    expect((await activate('1.0.0')).body.versions[1]).toMatchObject({ version: '1.0.0', live: true });
    expect(await calledWith(id)).toEqual({ host: 'texts.test', apiKey: 'k-1' });
    expect((await world.audited()).filter(({ action }) => action === 'plugin.activated')).toMatchObject([
      { detail: { to: '1.0.0', migrated: 0 } },
      { detail: { to: '2.0.0', migrated: 1 } },
      { detail: { to: '1.0.0', migrated: 1 } },
    ]);
  });

  it('do not go live when they cannot be had, and say of which connector and why', async () => {
    const id = await begin();
    const bad: [string, number, RegExp, string][] = [
      [TWO.replace("'https://' + host", 'host.no.such'), 2, /Texts: .*TypeError/, ''],
      [TWO.replace('({ url', '(void { url'), 2, /Texts: .*TypeError/, ''],
      [TWO.replace("'https://' + host", '5'), 2, /Texts: url must be a string/, '/url'],
      [code(['url', 'accessKey']), 2, /Texts: .*no such setting/, '/host'],
      [code(['host', 'apiKey', 'more']), 1, /Texts: more must be a string/, '/more'],
      [TWO.replace("'https://' + host", '(() => { for (;;); })()'), 2, /ended while a call was out/, ''],
    ];
    for (const [n, [source, settingsVersion, reason, pointer]] of bad.entries()) {
      const [refused] = (await upgrade(`2.0.${n}`, source, settingsVersion)).versions;
      expect(refused).toMatchObject({ state: 'ready', live: false, problem: expect.stringMatching(reason) });
      if (pointer === '') continue;
      const again = (await activate(`2.0.${n}`)).body;
      expect(again).toMatchObject({ status: 409, code: 'settings-migration' });
      expect(again.errors[0].pointer).toBe(`/connectors/${id}/settings${pointer}`);
    }
    expect(await calledWith(id)).toEqual({ host: 'texts.test', apiKey: 'k-1' });
    expect((await world.audited()).at(-1)).toMatchObject({ action: 'plugin.activation-failed' });
  });

  it('are not taken back for a connector that never had them', async () => {
    await begin();
    await upgrade('2.0.0', TWO, 2);
    const settings = { url: 'https://new.test', accessKey: 'k-2' };
    await world.call('POST', '/v1/connectors', { plugin: 'texts', name: 'New', settings });
    expect((await activate('1.0.0')).body).toMatchObject({
      status: 409,
      detail: expect.stringMatching(/New: has settings of version 2, and none of version 1/),
    });
  });

  it('are sealed again with the others when the master key rotates', async () => {
    const id = await begin();
    await upgrade('2.0.0', TWO, 2);
    const service = world.hubs[0]!.get(ConnectorService);
    expect(await service.rotateSecrets(world.workspaceId)).toBe(0);
    const mark = (table: string) =>
      world.hubs[0]!.get(Database).tx(world.workspaceId, (tx) =>
        tx.query<{ secrets: object }>(`SELECT secrets FROM ${table}`),
      );
    const kept = (await mark('connector_settings')).rows[0];
    expect(kept?.secrets).toMatchObject({ apiKey: { keyId: expect.any(String) } });
    expect(JSON.stringify(kept)).not.toContain('k-1');
    expect(await calledWith(id)).toMatchObject({ accessKey: 'k-1' });
  });
});
