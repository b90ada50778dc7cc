import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { newId } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import { providedPackages } from '../install/package-check';
import { PluginWorld } from '../install/testing/world';
import { ConnectorRuntime } from '../runtime/connector-runtime';
import { SettingsUpkeep } from './settings-upkeep';

/** Tells with each verdict what settings it was called with. */
const code = (fields: string[], rest = ''): string => `
const { Setting, Secret, capability, definePlugin, accepted } = require('@percorso/plugin-kit');
const { IsString, Matches } = require('class-validator');
class Settings {}
for (const name of ${JSON.stringify(fields)}) {
  (name.endsWith('Key') ? Secret() : Setting())(Settings.prototype, name);
  IsString()(Settings.prototype, name);
  if (name === 'url') Matches(/^https:/, { message: '$value is no address' })(Settings.prototype, name);
}
const spend = (ms) => { for (const end = Date.now() + ms; Date.now() < end; ); };
exports.default = definePlugin({
  settings: Settings,
  check: async () => undefined,
  upsert: capability(async (items, { settings }) => items.map(() => accepted(JSON.stringify(settings))), {
    idempotency: 'upsert', batch: 100, perSecond: 100000 }),
  ${rest}
});`;
const ONE = code(['host', 'apiKey']);
/** What becomes of a host says how: the release is one, its connectors are several. */
const STEP = `migrateSettings: { 1: ({ host, apiKey }) => {
  if (host === 'throws') throw new TypeError('cannot do ' + apiKey);
  if (host === 'exits') process.exit(1);
  if (host === 'loops') for (;;);
  if (host === 'slow') spend(1500);
  if (host === 'leaks') return { url: apiKey, accessKey: apiKey };
  return { url: 'https://' + host, accessKey: apiKey };
} },`;
const TWO = code(['url', 'accessKey'], STEP);
const MENDED = code(['url', 'accessKey'], STEP.replace("host === 'throws'", 'false'));

const world = new PluginWorld();
const lasting: NestFastifyApplication[] = [];
let older: NestFastifyApplication;

beforeAll(async () => {
  await world.start();
  older = await release('older', 1, ONE);
  lasting.push(...world.hubs);
}, 120_000);
afterAll(() => world.stop());
beforeEach(async () => {
  Object.assign(world, await world.workspace());
});
afterEach(async () => {
  // What is left would be looked at by each hub that starts after.
  await sql('DELETE FROM connector');
  for (const hub of world.hubs.filter((one) => !lasting.includes(one))) await close(hub);
});

/** A process of a hub whose own plugin has these settings. */
async function release(name: string, settingsVersion: number, source: string) {
  const folder = join(world.folder, 'releases', name);
  const plugin = join(folder, 'texts');
  mkdirSync(plugin, { recursive: true });
  for (const [provided, target] of providedPackages()) {
    const link = join(plugin, 'node_modules', provided);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(target, link);
  }
  const manifest = { id: 'texts', name: 'Texts', kind: 'campaign', api: '^1.2', settingsVersion };
  const packageJson = {
    ...{ name: 'texts', version: `${settingsVersion}.0.0`, keywords: ['percorso-plugin'], main: 'index.js' },
    percorso: { ...manifest, capabilities: ['upsert'], egress: [] },
    dependencies: Object.fromEntries([...providedPackages().keys()].map((provided) => [provided, '*'])),
  };
  writeFileSync(join(plugin, 'package.json'), JSON.stringify(packageJson));
  writeFileSync(join(plugin, 'index.js'), source);
  return world.hub(name, { pluginDirectories: [folder] });
}
async function close(hub: NestFastifyApplication): Promise<void> {
  world.hubs.splice(world.hubs.indexOf(hub), 1);
  await hub.close();
}
async function newer(name = `newer-${newId()}`, source = TWO): Promise<NestFastifyApplication> {
  const hub = await release(name, 2, source);
  await hub.get(SettingsUpkeep).done;
  return hub;
}
async function connect(host = 'texts.test', hub = older, settings: object = { host, apiKey: 'key-of-one' }) {
  const body = { plugin: 'texts', name: 'Texts', settings };
  return (await world.call('POST', '/v1/connectors', body, { hub })).body.id as string;
}
const calledWith = async (id: string, hub: NestFastifyApplication): Promise<object> => {
  const runtime = hub.get(ConnectorRuntime);
  const items = [{ key: 'k', payload: {} }];
  const [verdict] = await runtime.deliver(world.workspaceId, id, 'upsert', items, { deadlineMs: 60_000 });
  return JSON.parse((verdict as { providerId: string }).providerId);
};
const shown = async (id: string, hub: NestFastifyApplication) =>
  (await world.call('GET', `/v1/connectors/${id}`, undefined, { hub })).body;
const change = (id: string, hub: NestFastifyApplication, settings: object) =>
  world.call('PATCH', `/v1/connectors/${id}`, { settings }, { hub });
const sql = <T extends object>(text: string): Promise<T[]> =>
  older.get(Database).statement<T>(world.workspaceId, text);
const audited = () =>
  sql<{ action: string; target: string; actor: string; detail: object }>(
    `SELECT action, target, actor, detail FROM audit
      WHERE action IN ('connector.migrated', 'connector.parked') ORDER BY id`,
  );

async function eventually<T>(ask: () => Promise<T | undefined | false | void>): Promise<T> {
  for (const until = Date.now() + 60_000; ; await sleep(20)) {
    const found = await ask();
    if (found) return found;
    if (Date.now() > until) throw new Error('It did not come to be.');
  }
}

const before = { host: 'texts.test', apiKey: 'key-of-one' };
const after = { url: 'https://texts.test', accessKey: 'key-of-one' };

describe('a release that raises the settings version of its plugin', () => {
  it('migrates when it starts, audited, and at a call what the release before makes beside it', async () => {
    const ids = [await connect(), await connect('other.test')];
    const hub = await newer();
    expect(await shown(ids[0]!, hub)).toMatchObject({
      settings: { url: 'https://texts.test', accessKey: { set: true } },
      ...{ parked: null, version: 2 },
    });
    expect(await calledWith(ids[0]!, hub)).toEqual(after);
    expect(await calledWith(ids[0]!, older)).toEqual(before);
    expect(await shown(ids[0]!, older)).toMatchObject({
      ...{ settings: { host: 'texts.test', apiKey: { set: true } }, parked: null },
    });
    expect(await audited()).toEqual(
      ids.map((target) => ({
        ...{ action: 'connector.migrated', actor: 'system', target },
        detail: { plugin: 'texts', from: 1, to: 2 },
      })),
    );
    const stored = await sql('SELECT * FROM connector FULL JOIN connector_settings k ON k.connector_id = id');
    expect(stored).toHaveLength(2);
    expect(JSON.stringify([stored, await audited()])).not.toContain('key-of-one');

    const later = await connect();
    expect(await calledWith(later, hub)).toEqual(after);
    expect(await calledWith(later, older)).toEqual(before);
  });

  it('is not overwritten by the release before: a change there is migrated, one here ends it there', async () => {
    const id = await connect();
    const hub = await newer();
    expect((await change(id, older, { host: 'changed.test' })).status).toBe(200);
    expect(await calledWith(id, older)).toEqual({ ...before, host: 'changed.test' });
    expect(await calledWith(id, hub)).toEqual({ ...after, url: 'https://changed.test' });
    expect(await calledWith(id, older)).toEqual({ ...before, host: 'changed.test' });

    expect((await change(id, hub, { url: 'https://new.test' })).status).toBe(200);
    expect(await calledWith(id, hub)).toEqual({ ...after, url: 'https://new.test' });
    await expect(calledWith(id, older)).rejects.toMatchObject({ status: 503, code: 'settings-newer' });
    expect((await shown(id, older)).parked.reason).toMatch(
      /version 2, .* version 1, which this release knows/,
    );
    const half = await change(id, older, { host: 'back.test' });
    expect(half.body.errors).toMatchObject([{ pointer: '/settings/apiKey' }]);
    expect(await calledWith(id, hub)).toEqual({ ...after, url: 'https://new.test' });
    const name = { name: 'Renamed' };
    const { status } = await world.call('PATCH', `/v1/connectors/${id}`, name, { hub: older });
    expect(status).toBe(200);
    expect(await calledWith(id, hub)).toEqual({ ...after, url: 'https://new.test' });
  });

  it('can be taken back: kept settings serve, and what was changed since is asked of the admin', async () => {
    const [id, changed] = [await connect(), await connect()];
    const hub = await newer();
    const born = await connect('', hub, after);
    await change(changed, hub, { url: 'https://new.test' });
    await close(hub);
    expect(await calledWith(id, older)).toEqual(before);
    for (const one of [changed, born])
      await expect(calledWith(one, older)).rejects.toMatchObject({ code: 'settings-newer' });
    expect((await change(changed, older, { host: 'back.test', apiKey: 'key-3' })).status).toBe(200);
    expect(await calledWith(changed, older)).toEqual({ host: 'back.test', apiKey: 'key-3' });
    const again = await newer();
    expect(await calledWith(changed, again)).toEqual({ url: 'https://back.test', accessKey: 'key-3' });
    expect(await calledWith(id, again)).toEqual(after);
    expect(await calledWith(born, again)).toEqual(after);
  });
});

describe('settings that cannot be migrated', () => {
  it('park their connector with the reason, and nothing else', async () => {
    const failing: [how: string, code: string, reason: RegExp][] = [
      ['throws', 'migration-failed', /version 2: The plugin failed: TypeError\./],
      ['exits', 'plugin-died', /version 2: The plugin process ended/],
      ['loops', 'plugin-deadline', /version 2: The plugin process ended/],
      ['leaks', 'matches', /version 2: \/url: \[secret\] is no address\./],
    ];
    const ids = new Map<string, string>();
    for (const [how] of failing) ids.set(how, await connect(how));
    const other = await connect();
    const hub = await newer();
    for (const [how, code, reason] of failing) {
      const id = ids.get(how)!;
      const parked = { reason: expect.stringMatching(reason), at: expect.any(String) };
      expect([how, (await shown(id, hub)).parked]).toEqual([how, parked]);
      await expect(calledWith(id, hub)).rejects.toMatchObject({ status: 503, code: 'settings-parked' });
      expect(await calledWith(id, older)).toEqual({ ...before, host: how });
      expect((await shown(id, older)).parked).toBeNull();
      expect(await audited()).toContainEqual({
        ...{ action: 'connector.parked', actor: 'system', target: id },
        detail: expect.objectContaining({ plugin: 'texts', from: 1, to: 2, code }),
      });
    }
    expect(await calledWith(other, hub)).toEqual(after);
    const told = [await audited(), await sql('SELECT * FROM connector_migration')];
    expect(JSON.stringify(told)).not.toContain('key-of-one');
  });

  it('are tried again at each start, with each check and after each change, and told of once', async () => {
    const [id, here, there] = [await connect('throws'), await connect('throws'), await connect('throws')];
    const hub = await newer();
    await newer();
    const check = () => world.call('POST', `/v1/connectors/${id}/check`, undefined, { hub });
    expect((await check()).body).toMatchObject({ status: 503, code: 'settings-parked' });
    expect((await audited()).map(({ action }) => action)).toEqual(Array(3).fill('connector.parked'));

    // An admin mends them, in this release or the one before; the next release mends the rest.
    expect((await change(here, hub, { url: 'https://mended.test' })).body.errors).toMatchObject([
      { pointer: '/settings/accessKey' },
    ]);
    const whole = { url: 'https://mended.test', accessKey: 'key-4' };
    expect((await change(here, hub, whole)).body).toMatchObject({ parked: null });
    expect(await calledWith(here, hub)).toEqual(whole);
    expect((await change(there, older, { host: 'mended.test' })).status).toBe(200);
    expect(await calledWith(there, hub)).toEqual({ ...after, url: 'https://mended.test' });
    const mended = await newer('mended', MENDED);
    expect(await shown(id, hub)).toMatchObject({ parked: null, settings: { url: 'https://throws' } });
    expect(await calledWith(id, mended)).toEqual({ ...after, url: 'https://throws' });
  });
});

describe('processes side by side', () => {
  let hubs: NestFastifyApplication[];
  /** As delivery does: later, when another process is at it. */
  const called = (id: string, hub: NestFastifyApplication): Promise<object> =>
    eventually(() =>
      calledWith(id, hub).catch((error: { code?: string }) => {
        if (error.code !== 'settings-migrating') throw error;
      }),
    );
  const taken = async (): Promise<boolean> =>
    (await sql('SELECT 1 AS taken FROM connector_migration')).length > 0;

  it('migrate each connector once', async () => {
    const ids = await Promise.all(Array.from({ length: 4 }, () => connect()));
    hubs = await Promise.all([newer(), newer()]);
    lasting.push(...hubs);
    for (const hub of hubs) for (const id of ids) expect(await called(id, hub)).toEqual(after);
    expect((await audited()).map(({ target }) => target).sort()).toEqual([...ids].sort());
    expect((await shown(ids[0]!, hubs[0]!)).version).toBe(2);
  });

  it('wait for one that died in between no longer than it could have taken', async () => {
    const hub = hubs[0]!;
    const id = await connect();
    const take = (until: string) =>
      sql(`INSERT INTO connector_migration (workspace_id, connector_id, settings_version, owner, taken_until)
           VALUES ('${world.workspaceId}', '${id}', 2, '${newId()}', clock_timestamp() + interval '${until}')
           ON CONFLICT (workspace_id, connector_id, settings_version) DO UPDATE SET taken_until = excluded.taken_until`);
    await take('50 seconds');
    await expect(calledWith(id, hub)).rejects.toMatchObject({ status: 503, code: 'settings-migrating' });
    expect((await shown(id, hub)).parked).toBeNull();
    expect(await calledWith(id, older)).toEqual(before);
    await take('-1 seconds');
    expect(await calledWith(id, hub)).toEqual(after);
  });

  it('keep out one that slept meanwhile', async () => {
    const [hub, other] = hubs as [NestFastifyApplication, NestFastifyApplication];
    const id = await connect('slow');
    const late = called(id, hub);
    await eventually(taken);
    await sql(`UPDATE connector_migration SET taken_until = clock_timestamp() - interval '1 second'`);
    expect(await called(id, other)).toEqual({ ...after, url: 'https://slow' });
    expect(await late).toEqual({ ...after, url: 'https://slow' });
    expect(await audited()).toHaveLength(1);
    expect((await shown(id, hub)).version).toBe(2);
  });

  it('begin again when an admin changed the connector meanwhile', async () => {
    const hub = hubs[0]!;
    const id = await connect('slow');
    const late = called(id, hub);
    await eventually(taken);
    expect((await change(id, older, { host: 'changed.test' })).status).toBe(200);
    expect(await late).toMatchObject({ accessKey: 'key-of-one' });
    expect(await called(id, hub)).toEqual({ ...after, url: 'https://changed.test' });
    expect(await calledWith(id, older)).toEqual({ ...before, host: 'changed.test' });
  });
});
