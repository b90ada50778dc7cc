import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AccessModule, KeyService, serveModule } from '@percorso/access';
import { startTestEngines, type TestEngines } from '@percorso/engines';
import { newId } from '@percorso/kernel';
import { startSmtpSink } from '@percorso/plugin-testkit';
import { Database, migrate, StorageModule } from '@percorso/storage';
import { ConnectorModule } from './connector.module';
import { ConnectorService } from './connector.service';
import { ConnectorRuntime } from './runtime/connector-runtime';
import { loadMasterKeys } from './secret/master-keys';
import { SecretBox } from './secret/secret-box';

const folder = mkdtempSync(join(tmpdir(), 'percorso-connector-'));
const masterKeyFile = join(folder, 'master.json');
const PASSWORD = 'correct horse battery';

describe('connectors', () => {
  let engines: TestEngines;
  let app: NestFastifyApplication;
  let database: Database;
  let runtime: ConnectorRuntime;
  let sink: Awaited<ReturnType<typeof startSmtpSink>>;
  let workspaceId: string;
  let key: string;

  beforeAll(async () => {
    [engines, sink] = await Promise.all([
      startTestEngines(),
      startSmtpSink({ journal: join(folder, 'sink.ndjson'), user: 'hub', pass: PASSWORD }),
    ]);
    await migrate(engines.databaseUrl);
    const module = await Test.createTestingModule({
      imports: [
        StorageModule.forRoot({ databaseUrl: engines.databaseUrl, clickhouseUrl: engines.clickhouseUrl }),
        AccessModule.forRoot(),
        ConnectorModule.forRoot({
          pluginDirectories: [
            join(__dirname, '..', '..', '..', 'plugins'),
            join(__dirname, '..', 'fixtures'),
          ],
          masterKeyFile,
        }),
      ],
    }).compile();
    app = await serveModule(module);
    database = app.get(Database);
    runtime = app.get(ConnectorRuntime);
    ({ workspaceId, key } = await workspace({ allowPrivateNetwork: true }));
  }, 120_000);

  afterAll(async () => {
    await app?.close();
    await sink?.stop();
    await engines?.stop();
  });

  async function workspace(settings: object): Promise<{ workspaceId: string; key: string }> {
    const id = newId();
    await database.control((tx) =>
      tx.query(
        `INSERT INTO workspace (id, name, settings, created_at, updated_at) VALUES ($1, 'W', $2, now(), now())`,
        [id, JSON.stringify(settings)],
      ),
    );
    const keys = app.get(KeyService);
    const made = await database.tx(id, (tx) =>
      keys.issue(tx, 'api', { name: 'test', scopes: ['*'] }, 'root'),
    );
    return { workspaceId: id, key: made.key };
  }

  async function call(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    body?: object,
    headers: object = {},
    as = key,
  ) {
    const response = await app.inject({
      method,
      url,
      payload: body,
      headers: { authorization: `Bearer ${as}`, ...headers },
    });
    return {
      status: response.statusCode,
      etag: response.headers['etag'],
      body: response.body ? response.json() : undefined,
    };
  }

  const settings = (changes: object = {}): object => ({
    host: sink.host,
    port: sink.port,
    security: 'none',
    user: 'hub',
    password: PASSWORD,
    from: 'News <news@example.test>',
    ...changes,
  });
  const create = async (changes: object = {}): Promise<{ id: string; version: number }> =>
    (await call('POST', '/v1/connectors', { plugin: 'smtp', name: 'Relay', settings: settings(changes) }))
      .body;

  it('lists the plugins with their settings, and what is wrong with one that does not start', async () => {
    const { status, body } = await call('GET', '/v1/plugins');
    expect(status).toBe(200);
    const plugins = new Map<string, object>(body.map((one: { id: string }) => [one.id, one]));
    expect([...plugins.keys()]).toEqual(
      expect.arrayContaining([
        'adobe-campaign-classic',
        'sendgrid',
        'smtp',
        'twilio',
        'naughty',
        'unloadable',
      ]),
    );
    expect(body.filter(({ problem }: { problem: string | null }) => problem !== null)).toHaveLength(1);
    expect(plugins.get('unloadable')).toMatchObject({
      settingsSchema: null,
      problem: expect.stringMatching(/not whole|start/),
    });
    expect(plugins.get('smtp')).toMatchObject({
      channel: 'email',
      egress: [{ setting: 'host', port: { setting: 'port' } }],
      settingsSchema: {
        properties: { password: { writeOnly: true }, port: { default: 587 } },
        required: ['host', 'from'],
      },
    });
  });

  it('never shows a secret again, and stores none in clear', async () => {
    const made = await call('POST', '/v1/connectors', {
      plugin: 'smtp',
      name: 'Relay',
      settings: settings(),
    });
    expect(made).toMatchObject({
      status: 201,
      etag: '"1"',
      body: {
        plugin: 'smtp',
        name: 'Relay',
        state: 'active',
        version: 1,
        lastCheck: null,
        settings: { password: { set: true } },
      },
    });
    const one = await call('GET', `/v1/connectors/${made.body.id}`);
    const list = await call('GET', '/v1/connectors');
    expect(JSON.stringify([made.body, one.body, list.body])).not.toContain(PASSWORD);
    const { rows } = await database.tx(workspaceId, (tx) =>
      tx.query('SELECT c::text AS row FROM connector c'),
    );
    expect(JSON.stringify(rows)).not.toContain(PASSWORD);
  });

  it('refuses unknown plugins and settings that do not fit, with pointers', async () => {
    expect(await call('POST', '/v1/connectors', { plugin: 'fax', name: 'x', settings: {} })).toMatchObject({
      status: 422,
      body: { code: 'unknown-plugin', errors: [{ pointer: '/plugin' }] },
    });
    const { status, body } = await call('POST', '/v1/connectors', {
      plugin: 'smtp',
      name: 'x',
      settings: settings({ host: 'a b', port: 0, colour: 'red', password: '' }),
    });
    expect(status).toBe(422);
    const pointers = body.errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(new Set(pointers)).toEqual(
      new Set(['/settings/colour', '/settings/host', '/settings/port', '/settings/password']),
    );
  });

  it('changes only the version that was read, and keeps secrets that are not sent', async () => {
    const { id } = await create();
    const url = `/v1/connectors/${id}`;
    expect((await call('PATCH', url, { name: 'x' })).status).toBe(428);
    expect((await call('PATCH', url, { name: 'x' }, { 'if-match': '"7"' })).status).toBe(412);
    const changed = await call(
      'PATCH',
      url,
      { name: 'New', settings: { password: { set: true } } },
      { 'if-match': '"1"' },
    );
    expect(changed).toMatchObject({ status: 200, etag: '"2"', body: { name: 'New', version: 2 } });
    expect((await call('POST', `${url}/check`)).body).toEqual({ ok: true });
    const wrong = await call('PATCH', url, { settings: { password: 'wrong' } }, { 'if-match': '"2"' });
    expect(wrong.status).toBe(200);
    expect((await call('POST', `${url}/check`)).body).toMatchObject({ ok: false, code: 'bad-credentials' });
    expect((await call('GET', url)).body.lastCheck).toMatchObject({ ok: false, code: 'bad-credentials' });
    await expect(
      runtime.deliver(workspaceId, id, 'send', [item(1)], { deadlineMs: 60_000 }),
    ).rejects.toMatchObject({ code: 'bad-credentials' });
    expect((await call('DELETE', url, undefined, { 'if-match': '"3"' })).status).toBe(204);
    expect((await call('GET', url)).status).toBe(404);
  });

  it('says that nothing was sent when PostgreSQL goes away before the plugin is called', async () => {
    const { id } = await create();
    const gone = Object.assign(new Error('Connection terminated unexpectedly'), { code: '57P02' });
    const away = jest.spyOn(database, 'tx').mockRejectedValueOnce(gone);
    await expect(
      runtime.deliver(workspaceId, id, 'send', [item(1)], { deadlineMs: 60_000 }),
    ).rejects.toMatchObject({ status: 503, code: 'connector-not-opened' });
    away.mockRestore();
  });

  it('hides connectors of other workspaces', async () => {
    const { id } = await create();
    const other = await workspace({ allowPrivateNetwork: true });
    expect((await call('GET', `/v1/connectors/${id}`, undefined, {}, other.key)).status).toBe(404);
    await expect(runtime.describe(other.workspaceId, id)).rejects.toMatchObject({ status: 404 });
  });

  it('reaches private networks only where the workspace allows it', async () => {
    const other = await workspace({});
    const made = await call(
      'POST',
      '/v1/connectors',
      { plugin: 'smtp', name: 'x', settings: settings() },
      {},
      other.key,
    );
    const { body } = await call('POST', `/v1/connectors/${made.body.id}/check`, undefined, {}, other.key);
    expect(body).toMatchObject({
      ok: false,
      code: 'bad-settings',
      message: expect.stringContaining('public Internet'),
    });
  });

  it('sends what it is given, no faster than the plugin allows', async () => {
    const { id } = await create();
    expect(await runtime.describe(workspaceId, id)).toMatchObject({
      pluginId: 'smtp',
      kind: 'messaging',
      channel: 'email',
      addressPointer: '/to',
      capabilities: { send: { idempotency: 'none', batch: 50, perSecond: 100 } },
      lookup: false,
    });
    const items = Array.from({ length: 150 }, (_, n) => item(n));
    const started = Date.now();
    const sending = runtime.deliver(workspaceId, id, 'send', items, { deadlineMs: 20_000 });
    const verdicts = await sending;
    expect(verdicts.every(({ status }) => status === 'accepted')).toBe(true);
    expect(Date.now() - started).toBeGreaterThanOrEqual(1000);
    expect((await sink.messages()).filter(({ subject }) => subject === 'Runtime')).toHaveLength(150);
  });

  it('hands over what the time allows and gives the rest back untried', async () => {
    const { id } = await create();
    const items = Array.from({ length: 150 }, (_, n) => item(n));
    const limits = { deadlineMs: 10_000, perSecond: 5 };
    const verdicts = await runtime.deliver(workspaceId, id, 'send', items, limits);
    const counts = (status: string): number => verdicts.filter((verdict) => verdict.status === status).length;
    expect([counts('accepted'), counts('retry')]).toEqual([50, 100]);
    expect(verdicts[149]).toEqual({ status: 'retry', code: 'not-tried' });
  });

  it('reads bounces that were mailed back', async () => {
    const { id } = await create();
    await runtime.deliver(workspaceId, id, 'send', [item(7)], { deadlineMs: 10_000 });
    await sink.bounce({ recipient: 'r7@example.test', status: '5.1.1' });
    const [bounce] = await sink.bounces();
    expect(await runtime.receipts(workspaceId, id, bounce?.raw ?? '')).toEqual([
      expect.objectContaining({
        type: 'bounced',
        bounce: 'hard',
        address: 'r7@example.test',
        channel: 'email',
      }),
    ]);
  });

  it('takes a dying plugin for unknown, and refuses what the plugin cannot do', async () => {
    const made = await call('POST', '/v1/connectors', { plugin: 'naughty', name: 'x', settings: {} });
    expect(made.status).toBe(201);
    const deliver = (deed: string) =>
      runtime.deliver(workspaceId, made.body.id, 'upsert', [{ key: 'k', payload: { deed } }], {
        deadlineMs: 60_000,
      });
    // However long the next call is in coming, it comes at once.
    const still = jest.spyOn(Date, 'now').mockReturnValue(Date.now());
    expect(await deliver('exit')).toEqual([{ status: 'unknown', code: 'plugin-died' }]);
    expect(await deliver('accept')).toMatchObject([{ status: 'retry', code: 'plugin-resting' }]);
    still.mockRestore();
    await expect(
      runtime.deliver(workspaceId, made.body.id, 'send', [], { deadlineMs: 1 }),
    ).rejects.toMatchObject({
      code: 'unsupported-operation',
    });
  });

  it('seals secrets again under a new master key', async () => {
    const { id } = await create();
    const stored = JSON.parse(readFileSync(masterKeyFile, 'utf8')) as { keys: Record<string, string> };
    const keys = { ...stored.keys, next: randomBytes(32).toString('base64') };
    writeFileSync(masterKeyFile, JSON.stringify({ current: 'next', keys }));
    const rotated = new SecretBox(loadMasterKeys(masterKeyFile));
    Object.assign(app.get(SecretBox), rotated);
    expect(await app.get(ConnectorService).rotateSecrets(workspaceId)).toBeGreaterThan(0);
    expect(await app.get(ConnectorService).rotateSecrets(workspaceId)).toBe(0);
    expect((await call('POST', `/v1/connectors/${id}/check`)).body).toEqual({ ok: true });
  });

  function item(n: number): { key: string; payload: Record<string, unknown> } {
    return { key: `runtime:${n}`, payload: { to: `r${n}@example.test`, subject: 'Runtime', text: 'Hello' } };
  }
});
