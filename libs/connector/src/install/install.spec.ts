import { appendFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Database } from '@percorso/storage';
import { ConnectorRuntime } from '../runtime/connector-runtime';
import { integrityOf } from './integrity';
import { CODE, pluginTarball, type PluginSource } from './testing/packages';
import { PluginWorld } from './testing/world';
import { PACKAGE_LIMITS } from './unpack';

const NAME = 'percorso-plugin-texts';
const EGRESS = [{ setting: 'url' }];
const world = new PluginWorld();
const provider = createServer();

beforeAll(async () => {
  await world.start();
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
}, 120_000);
afterAll(async () => {
  provider.closeAllConnections();
  provider.close();
  await world.stop();
});
/** A workspace of its own for each test. */
beforeEach(async () => {
  Object.assign(world, await world.workspace(undefined, { allowPrivateNetwork: true }));
});

const publish = (version: string, source: PluginSource = {}): void =>
  world.registry.publish(NAME, version, pluginTarball({ version, ...source }));
const install = (version: string, name = NAME) => world.call('POST', '/v1/plugins', { name, version });
const approve = (version: string, egress: unknown[] = EGRESS) =>
  world.call('POST', `/v1/plugins/texts/versions/${version}/approve`, { egress });
const activate = (version: string) => world.call('POST', `/v1/plugins/texts/versions/${version}/activate`);
const connect = async (settings: object = {}): Promise<string> =>
  (
    await world.call('POST', '/v1/connectors', {
      plugin: 'texts',
      name: 'Texts',
      settings: { url: 'https://texts.test', apiKey: 'k-1', ...settings },
    })
  ).body.id;
async function installed(version = '1.0.0', source: PluginSource = {}): Promise<void> {
  publish(version, source);
  expect((await install(version)).status).toBe(201);
  const { status, body } = await approve(version);
  expect([status, body.state, body.problem]).toEqual([200, 'active', null]);
}
const deliver = async (connectorId: string, hub = world.hubs[0]) => {
  const runtime = hub!.get(ConnectorRuntime);
  const items = [{ key: 'k', payload: {} }];
  const [verdict] = await runtime.deliver(world.workspaceId, connectorId, 'upsert', items, {
    deadlineMs: 30_000,
  });
  return verdict;
};
const by = (version: string, key = 'k-1') => ({
  status: 'accepted',
  providerId: `${version} https://texts.test ${key}`,
});
const versionsOf = (body: { versions: { version: string; state: string; live: boolean }[] }) =>
  body.versions.map(({ version, state, live }) => `${version} ${state}${live ? ' live' : ''}`);

describe('installing', () => {
  it('takes a package from the registry, and runs none of it before its egress is approved', async () => {
    publish('1.0.0');
    const { status, body } = await install('1.0.0');
    expect(status).toBe(201);
    expect(body).toMatchObject({ id: 'texts', state: 'waiting', source: 'installed', settingsSchema: null });
    expect(body.versions).toMatchObject([
      { version: '1.0.0', state: 'waiting', live: false, package: NAME, egress: EGRESS, newEgress: EGRESS },
    ]);
    expect(
      (await world.call('POST', '/v1/connectors', { plugin: 'texts', name: 'T', settings: {} })).body,
    ).toMatchObject({ code: 'plugin-not-live' });
    expect((await activate('1.0.0')).body).toMatchObject({ code: 'plugin-not-approved' });
    expect((await approve('1.0.0', [])).body).toMatchObject({
      status: 422,
      detail: /reaches \{"setting":"url"\}/,
    });
    expect((await approve('1.0.0', [...EGRESS, 'api.texts.test'])).body).toMatchObject({
      detail: expect.stringMatching(/you approve "api\.texts\.test", which it does not ask for/),
    });
    const approved = await approve('1.0.0');
    expect(approved.body).toMatchObject({
      state: 'active',
      problem: null,
      versions: [{ live: true, newEgress: [] }],
    });
    expect(approved.body.settingsSchema.properties.apiKey).toMatchObject({ writeOnly: true });
    expect(await deliver(await connect())).toEqual(by('1.0.0'));
    expect((await world.audited()).map(({ action }) => action)).toEqual([
      'plugin.installed',
      'plugin.approved',
      'plugin.activated',
    ]);
  });

  it('takes an uploaded tarball with its hash, in gzip and within the limit', async () => {
    const tarball = pluginTarball();
    const upload = (bytes: Buffer, integrity: string, type = 'application/gzip') =>
      world.call('POST', `/v1/plugins/tarball?integrity=${encodeURIComponent(integrity)}`, bytes, { type });
    expect((await upload(tarball, integrityOf(Buffer.from('else')))).body).toMatchObject({
      code: 'integrity',
    });
    expect((await upload(tarball, 'sha1-abc')).body).toMatchObject({ errors: [{ pointer: 'integrity' }] });
    expect((await upload(tarball, integrityOf(tarball), 'application/json')).status).toBe(415);
    const huge = Buffer.alloc(PACKAGE_LIMITS.tarballBytes + 1);
    expect((await upload(huge, integrityOf(huge))).status).toBe(413);
    expect((await upload(tarball, integrityOf(tarball))).body).toMatchObject({
      versions: [{ source: 'upload', integrity: integrityOf(tarball) }],
    });
    expect((await upload(tarball, integrityOf(tarball))).body).toMatchObject({
      status: 409,
      code: 'plugin-exists',
    });
  });

  it('refuses what the registry does not vouch for', async () => {
    publish('3.0.0');
    world.registry.publish(
      NAME,
      '3.0.1',
      pluginTarball({ version: '3.0.1' }),
      'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=',
    );
    world.registry.publish(NAME, '3.0.2', pluginTarball({ version: '9.9.9' }));
    world.registry.publish(NAME, '3.0.3', pluginTarball({ version: '3.0.3', manifest: { api: '^3.0' } }));
    world.registry.publish(NAME, '3.0.4', pluginTarball({ version: '3.0.4', manifest: { api: '^1.99' } }));
    const refused = async (version: string): Promise<string> => {
      const { status, body } = await install(version);
      expect(status).toBe(422);
      return `${body.code}: ${body.detail}`;
    };
    expect(await refused('4.0.0')).toMatch(/unknown-package: .* has no percorso-plugin-texts@4\.0\.0/);
    expect(await refused('3.0.1')).toMatch(/unknown-package: .*states no sha512/);
    expect(await refused('3.0.2')).toMatch(/bad-package: .*gave percorso-plugin-texts@9\.9\.9 out as/);
    expect(await refused('3.0.3')).toMatch(
      /contract-too-new: percorso-plugin-texts 3\.0\.3: .*\^3\.0 is too new\. .* 1\.1 and 1\.2: upgrade the hub/,
    );
    expect(await refused('3.0.4')).toMatch(/contract-too-new: .*\^1\.99/);
    expect((await install('1.0.0', 'not-there')).body).toMatchObject({ code: 'unknown-package' });
    world.registry.tamper = () => pluginTarball({ version: '3.0.0', code: 'evil()' });
    expect(await refused('3.0.0')).toMatch(/^integrity: /);
    world.registry.tamper = undefined;
    world.registry.tarballHost = 'http://169.254.169.254';
    expect(await refused('3.0.0')).toMatch(/on another host/);
    world.registry.tarballHost = undefined;
    for (const [name, version] of [
      [NAME, '^1.0.0'],
      [NAME, 'latest'],
      ['../x', '1.0.0'],
      ['A b', '1.0.0'],
    ] as const)
      expect((await install(version, name)).body).toMatchObject({ status: 422, code: 'invalid' });
    expect((await world.call('GET', '/v1/plugins')).body).toEqual([]);
  });

  it('examines before it goes live, and says what it found', async () => {
    const bad: [string, PluginSource, RegExp][] = [
      ['1.0.1', { code: 'throw new Error("not whole")' }, /does not start: Error: not whole/],
      ['1.0.2', { code: 'for (;;);' }, /does not start/],
      ['1.0.3', { code: 'process.exit(0)' }, /does not start/],
      ['1.0.4', { code: 'module.exports = 1' }, /not a plugin; use definePlugin/],
      [
        '1.0.5',
        { manifest: { capabilities: ['upsert', 'remove'] } },
        /names remove, which its code does not have/,
      ],
      [
        '1.0.6',
        { code: `${CODE}; exports.default.feedback = async () => ({})` },
        /has feedback, which its manifest/,
      ],
    ];
    const hub = await world.hub('impatient', { startMs: 3000 });
    for (const [version, source, reason] of bad) {
      publish(version, source);
      await world.call('POST', '/v1/plugins', { name: NAME, version }, { hub });
      const { status, body } = await world.call(
        'POST',
        `/v1/plugins/texts/versions/${version}/approve`,
        { egress: EGRESS },
        { hub },
      );
      expect([status, body.state]).toEqual([200, 'waiting']);
      expect(body.versions[0]).toMatchObject({
        version,
        state: 'refused',
        problem: expect.stringMatching(reason),
      });
    }
    expect((await activate('1.0.1')).body).toMatchObject({ status: 409, code: 'plugin-refused' });
    await installed('1.0.7');
  });

  it('takes the id of nobody else', async () => {
    await installed();
    world.registry.publish('other-texts', '2.0.0', pluginTarball({ name: 'other-texts', version: '2.0.0' }));
    expect((await install('2.0.0', 'other-texts')).body).toMatchObject({
      status: 422,
      detail: /taken by the package/,
    });
    const plugins = join(__dirname, '..', '..', '..', '..', 'plugins');
    const hub = await world.hub('with-own', { pluginDirectories: [plugins] });
    world.registry.publish(NAME, '5.0.0', pluginTarball({ version: '5.0.0', manifest: { id: 'smtp' } }));
    expect(
      (await world.call('POST', '/v1/plugins', { name: NAME, version: '5.0.0' }, { hub })).body,
    ).toMatchObject({
      detail: expect.stringMatching(/comes with the hub/),
    });
  });

  it('is refused where isolation is advisory and the operator did not consent', async () => {
    const hub = await world.hub('strict', { advisoryPlugins: false, isolation: 'advisory' });
    publish('1.0.0');
    expect(
      (await world.call('POST', '/v1/plugins', { name: NAME, version: '1.0.0' }, { hub })).body,
    ).toMatchObject({
      status: 409,
      code: 'isolation-advisory',
    });
    await installed();
    const id = await connect();
    await expect(deliver(id, hub)).rejects.toMatchObject({ code: 'isolation-advisory' });
    expect(await deliver(id)).toEqual(by('1.0.0'));
  });
});

describe('an installed plugin', () => {
  it('is the same in every hub, and after a restart', async () => {
    await installed();
    const id = await connect();
    const other = await world.hub(`other-${world.workspaceId}`);
    expect(await deliver(id, other)).toEqual(by('1.0.0'));
    // Its folder is lost, then somebody changes a file in it: the next process makes it as it was installed.
    const folder = join(world.folder, `other-${world.workspaceId}`, 'texts');
    rmSync(folder, { recursive: true });
    expect(await deliver(id, other)).toEqual(by('1.0.0'));
    appendFileSync(join(folder, String(readdirSync(folder)[0]), 'package', 'index.js'), 'process.exit(1);');
    const again = await world.hub(`other-${world.workspaceId}`);
    expect(await deliver(id, again)).toEqual(by('1.0.0'));
  });

  it('does not start from bytes that are not those that were installed', async () => {
    await installed();
    const id = await connect();
    await world.hubs[0]!.get(Database).tx(world.workspaceId, (tx) =>
      tx.query('UPDATE plugin_version SET tarball = $1', [pluginTarball({ code: '' })]),
    );
    const other = await world.hub(`tampered-${world.workspaceId}`);
    await expect(deliver(id, other)).rejects.toMatchObject({ code: 'integrity' });
  });

  it('is upgraded and taken back while connectors call it', async () => {
    await installed();
    const id = await connect();
    expect(await deliver(id)).toEqual(by('1.0.0'));
    publish('1.1.0');
    expect(versionsOf((await install('1.1.0')).body)).toEqual(['1.1.0 ready live', '1.0.0 ready']);
    expect(await deliver(id)).toEqual(by('1.1.0'));
    expect((await activate('1.0.0')).status).toBe(200);
    expect(await deliver(id)).toEqual(by('1.0.0'));
    expect((await activate('1.0.0')).status).toBe(200);
    expect((await activate('7.0.0')).status).toBe(404);
    expect((await world.audited()).slice(-2)).toMatchObject([
      { action: 'plugin.activated', detail: { from: '1.0.0', to: '1.1.0' } },
      { action: 'plugin.activated', detail: { from: '1.1.0', to: '1.0.0' } },
    ]);
  });

  it('lets calls in hand end with the version they began with', async () => {
    let release: (() => void) | undefined;
    const asked = new Promise<void>((resolve) => {
      provider.once('request', (_, response) => {
        release = () => response.end('{}');
        resolve();
      });
    });
    await installed('1.0.0', {
      code: CODE.replace(
        'async (items, { settings }) =>',
        'async (items, { settings, http }) => (await http.get(settings.url),',
      ).replace(', {\n    idempotency', '), {\n    idempotency'),
    });
    const url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
    const id = await connect({ url });
    const inHand = deliver(id);
    await asked;
    publish('1.1.0');
    await install('1.1.0');
    expect(await deliver(id)).toMatchObject({ providerId: `1.1.0 ${url} k-1` });
    release?.();
    expect(await inHand).toMatchObject({ providerId: `1.0.0 ${url} k-1` });
  });

  it('waits for a new approval when it reaches further, and not when it reaches less', async () => {
    await installed();
    publish('1.1.0', { manifest: { egress: [...EGRESS, 'api.texts.test'] } });
    const wider = await install('1.1.0');
    expect(versionsOf(wider.body)).toEqual(['1.1.0 waiting', '1.0.0 ready live']);
    expect(wider.body.versions[0]).toMatchObject({ newEgress: ['api.texts.test'] });
    expect((await approve('1.1.0')).status).toBe(422);
    expect(versionsOf((await approve('1.1.0', ['api.texts.test', ...EGRESS])).body)).toEqual([
      '1.1.0 ready live',
      '1.0.0 ready',
    ]);
    publish('1.2.0');
    expect(versionsOf((await install('1.2.0')).body)[0]).toBe('1.2.0 ready live');
    // Narrowed meanwhile: what it once reached must be approved again.
    publish('1.3.0', { manifest: { egress: [...EGRESS, 'api.texts.test'] } });
    expect(versionsOf((await install('1.3.0')).body)[0]).toBe('1.3.0 waiting');
  });

  it('is disabled, enabled and deleted; not while a connector uses it', async () => {
    await installed();
    const id = await connect();
    expect((await world.call('POST', '/v1/plugins/texts/disable')).body).toMatchObject({ state: 'disabled' });
    await expect(deliver(id)).rejects.toMatchObject({ code: 'plugin-disabled' });
    expect((await world.call('POST', '/v1/plugins/texts/enable')).body).toMatchObject({ state: 'active' });
    expect(await deliver(id)).toEqual(by('1.0.0'));
    expect((await world.call('DELETE', '/v1/plugins/texts')).body).toMatchObject({
      status: 409,
      code: 'in-use',
      detail: expect.stringContaining('"Texts"'),
    });
    expect((await world.call('DELETE', '/v1/plugins/texts/versions/1.0.0')).body).toMatchObject({
      code: 'plugin-live',
    });
    publish('1.1.0');
    await install('1.1.0');
    expect((await world.call('DELETE', '/v1/plugins/texts/versions/1.0.0')).status).toBe(204);
    expect((await world.call('DELETE', `/v1/connectors/${id}`)).status).toBe(204);
    expect((await world.call('DELETE', '/v1/plugins/texts')).status).toBe(204);
    await install('1.0.0');
    expect((await world.call('DELETE', '/v1/plugins/texts/versions/1.0.0')).status).toBe(204);
    expect((await world.call('GET', '/v1/plugins')).body).toEqual([]);
    expect((await world.call('GET', '/v1/plugins/texts')).status).toBe(404);
    expect(existsSync(join(world.folder, 'first', 'texts', '1.1.0'))).toBe(false);
  });

  it('is nobody else’s: another workspace sees nothing of it and has its own', async () => {
    await installed();
    const other = await world.workspace();
    expect((await world.call('GET', '/v1/plugins', undefined, { key: other.key })).body).toEqual([]);
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/versions/1.0.0/activate'],
      ['POST', '/disable'],
    ] as const)
      expect(
        (await world.call(method, `/v1/plugins/texts${path}`, undefined, { key: other.key })).status,
      ).toBe(404);
  });
});
