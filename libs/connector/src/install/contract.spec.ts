import { Problem } from '@percorso/kernel';
import { API_VERSION, CONTRACT_VERSIONS } from '@percorso/plugin-kit';
import { Database } from '@percorso/storage';
import { ConnectorRuntime } from '../runtime/connector-runtime';
import { integrityOf } from './integrity';
import { FROZEN, frozenTarball, Rows } from './testing/frozen';
import { CODE, pluginTarball } from './testing/packages';
import { PluginWorld } from './testing/world';

const EGRESS = [{ setting: 'url' }];
const RANGE = CONTRACT_VERSIONS.map(({ version }) => version).join(' and ');
const world = new PluginWorld();
let rows: Rows;

beforeAll(async () => {
  rows = await new Rows().start();
  await world.start();
}, 120_000);
afterAll(async () => {
  await rows?.stop();
  await world.stop();
});
beforeEach(async () => {
  rows.items.length = 0;
  Object.assign(world, await world.workspace(undefined, { allowPrivateNetwork: true }));
});

const upload = (tarball: Buffer) =>
  world.call('POST', `/v1/plugins/tarball?integrity=${encodeURIComponent(integrityOf(tarball))}`, tarball, {
    type: 'application/gzip',
  });
const plugin = async (id: string) => (await world.call('GET', `/v1/plugins/${id}`)).body;
async function live(tarball: Buffer, id: string, version: string): Promise<void> {
  expect((await upload(tarball)).status).toBe(201);
  await world.call('POST', `/v1/plugins/${id}/versions/${version}/approve`, { egress: EGRESS });
}
const connect = async (settings: object = {}) =>
  world.call('POST', '/v1/connectors', {
    plugin: 'frozen',
    name: 'Frozen',
    settings: { url: rows.url, apiKey: 'secret-key', ...settings },
  });
const runtime = () => world.hubs[0]!.get(ConnectorRuntime);
const deliver = (id: string, operation: 'upsert' | 'remove' | 'call', emails: string[]) =>
  runtime().deliver(
    world.workspaceId,
    id,
    operation,
    emails.map((email) => ({ key: `k-${email}`, payload: { email }, at: '2026-11-25T00:00:00Z' })),
    { deadlineMs: 30_000 },
  );
/** What a release of the hub with other contract versions would have left here. */
const taken = (api: string) =>
  world.hubs[0]!.get(Database).statement(
    world.workspaceId,
    `UPDATE plugin_version SET manifest = manifest || jsonb_build_object('api', $2::text) WHERE workspace_id = $1`,
    [world.workspaceId, api],
  );

it.each(Object.entries(FROZEN))('the package of %s is as it was made', (version, hash) =>
  expect(integrityOf(frozenTarball(version as keyof typeof FROZEN))).toBe(hash),
);

describe(`a package of contract ${CONTRACT_VERSIONS[0].version}, its own kit bundled in`, () => {
  it('is installed, examined and used under this one', async () => {
    await live(frozenTarball('1.1'), 'frozen', '1.1.0');
    expect(await plugin('frozen')).toMatchObject({
      ...{ state: 'active', problem: null, api: '^1.1', contract: 'previous' },
      capabilities: ['upsert', 'remove', 'lookup', 'receipts'],
      settingsSchema: { properties: { apiKey: { writeOnly: true }, rows: { default: 10, maximum: 50 } } },
      versions: [{ version: '1.1.0', state: 'ready', live: true }],
    });
    expect((await connect({ url: 'none', rows: 99 })).body.errors).toMatchObject([
      { pointer: '/settings/url', code: 'is-url' },
      { pointer: '/settings/rows', code: 'max' },
    ]);
    const { id } = (await connect()).body;
    expect(await runtime().check(world.workspaceId, id)).toEqual({ ok: true });
    const emails = Array.from({ length: 95 }, (_, n) => (n === 42 ? 'nobody' : `p${n}@example.test`));
    const verdicts = await deliver(id, 'upsert', emails);
    expect(verdicts[42]).toMatchObject({ status: 'rejected', code: 'refused', pointer: '/email' });
    expect(verdicts.filter(({ status }) => status === 'accepted')).toHaveLength(94);
    expect(verdicts[0]).toEqual({ status: 'accepted', providerId: 'row-k-p0@example.test' });
    expect(rows.items).toHaveLength(94);
    expect(rows.items[0]).toEqual({ key: 'k-p0@example.test', payload: { email: 'p0@example.test' } });
    expect(await deliver(id, 'remove', ['p0@example.test'])).toEqual([
      { status: 'accepted', providerId: 'row-k-p0@example.test' },
    ]);
    expect(rows.items).toHaveLength(93);
    const told = rows.told({ key: 'k', payload: { email: 'p1@example.test' }, providerId: 'row-1' }, 0);
    expect(await runtime().receipts(world.workspaceId, id, told.raw, told.request)).toMatchObject([
      { type: 'delivered', address: 'p1@example.test', providerId: 'row-1' },
    ]);
    await expect(
      runtime().receipts(world.workspaceId, id, `${told.raw} `, told.request),
    ).rejects.toMatchObject({ code: 'bad-receipt' });
    await expect(deliver(id, 'call', ['p1@example.test'])).rejects.toMatchObject({
      code: 'unsupported-operation',
    });
  });
});

describe('a package of another contract', () => {
  it.each([
    ['too old', '^1.0', 'contract-too-old', () => frozenTarball('1.0')],
    ['too new', '^1.3', 'contract-too-new', () => pluginTarball({ manifest: { api: '^1.3', kind: 'fax' } })],
    ['far too new', '^2.0', 'contract-too-new', () => pluginTarball({ manifest: { api: '^2.0' } })],
  ])('that is %s is refused, and the problem names the range', async (_, api, code, tarball) => {
    const { status, body } = await upload(tarball());
    expect([status, body]).toEqual([
      422,
      expect.objectContaining({
        ...{ status: 422, code, title: 'The plugin speaks another version of the contract' },
        detail: expect.stringMatching(new RegExp(`\\${api} is too .*contract ${RANGE}:`)),
        errors: [{ pointer: '/percorso/api', code, message: expect.stringContaining(RANGE) }],
      }),
    ]);
    expect((await world.call('GET', '/v1/plugins')).body).toEqual([]);
  });

  it.each(['latest', '>=1', 5, null])('whose api %j names none is refused', async (api) => {
    const { status, body } = await upload(pluginTarball({ manifest: { api } }));
    expect([status, body.code]).toEqual([422, 'contract-unreadable']);
  });

  it.each([
    ['^1.0', 'contract-too-old'],
    ['^1.3', 'contract-too-new'],
  ])('of %s that another release of the hub took rests until it can be run again', async (api, code) => {
    await live(frozenTarball('1.1'), 'frozen', '1.1.0');
    const { id } = (await connect()).body;
    await taken(api);
    await expect(deliver(id, 'upsert', ['p@example.test'])).rejects.toMatchObject({
      ...{ status: 409, code, message: expect.stringContaining(RANGE) },
    });
    await expect(deliver(id, 'upsert', ['p@example.test'])).rejects.toBeInstanceOf(Problem);
    expect(rows.items).toEqual([]);
    expect(await plugin('frozen')).toMatchObject({
      ...{ state: 'active', contract: 'unsupported', settingsSchema: null },
      problem: expect.stringContaining(RANGE),
    });
    await taken('^1.1');
    expect(await deliver(id, 'upsert', ['p@example.test'])).toMatchObject([{ status: 'accepted' }]);
  });

  it('that is live is followed by one that is run', async () => {
    await live(frozenTarball('1.1'), 'frozen', '1.1.0');
    const { id } = (await connect()).body;
    await taken('^1.0');
    const next = pluginTarball({
      ...{ name: 'percorso-plugin-frozen', version: '1.2.0' },
      manifest: { id: 'frozen', api: `^${API_VERSION}`, settingsVersion: 2 },
      code: CODE.replace('Secret()', `Setting()(Settings.prototype, 'rows'); Secret()`),
    });
    expect((await upload(next)).body).toMatchObject({ contract: 'current', version: '1.2.0' });
    expect(await deliver(id, 'upsert', ['p@example.test'])).toMatchObject([
      { status: 'accepted', providerId: expect.stringMatching(/^1\.2\.0 /) },
    ]);
    expect((await world.call('POST', '/v1/plugins/frozen/versions/1.1.0/activate')).body).toMatchObject({
      status: 409,
      code: 'contract-too-old',
    });
  });
});
