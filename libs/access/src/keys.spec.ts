import { Client } from 'pg';
import { startTestEngines } from '@percorso/engines';
import { AccessServer, startAccessServer } from './access-fixture';
import { KeyService } from './key.service';
import { newKey, parseKey } from './key-format';
import { newId } from '@percorso/kernel';

describe('keys', () => {
  let server: AccessServer;
  let workspace: { id: string; adminKey: string };

  beforeAll(async () => {
    server = await startAccessServer(await startTestEngines());
    workspace = await server.workspace();
  });
  afterAll(() => server?.close());

  const admin = () => server.http(workspace.adminKey);

  it('carry 256 random bits and find their id again', () => {
    const id = newId();
    const key = newKey('api', id);
    expect(parseKey(key)).toEqual({ kind: 'api', id });
    expect(newKey('api', id)).not.toBe(key);
    expect(parseKey(key.slice(0, -1))).toBeUndefined();
  });

  it('are shown once and stored as hashes only', async () => {
    const { status, data } = await admin().post('/v1/write-keys', { name: 'Web' });
    expect(status).toBe(201);
    expect(data.key).toMatch(/^pw_[0-9a-f]{32}_[0-9A-Za-z]{43}$/);
    const listed = (await admin().get('/v1/write-keys')).data;
    expect(listed.data.map(({ id }: { id: string }) => id)).toContain(data.id);
    expect(JSON.stringify(listed)).not.toContain(data.key);
    const owner = new Client({ connectionString: server.engines.databaseUrl });
    await owner.connect();
    const { rows } = await owner.query('SELECT a::text AS row FROM percorso.access_key a');
    const { rows: audit } = await owner.query('SELECT a::text AS row FROM percorso.audit a');
    await owner.end();
    const dump = JSON.stringify([rows, audit]);
    for (const key of [data.key, workspace.adminKey]) expect(dump).not.toContain(key.split('_')[2]);
    expect(dump).toContain(data.id);
  });

  it('of the wrong kind, unknown, malformed, expired or missing are refused alike', async () => {
    const expired = await admin().post('/v1/api-keys', {
      name: 'Old',
      scopes: ['keys:read'],
      expiresAt: '2020-01-01T00:00:00Z',
    });
    const [, id] = workspace.adminKey.split('_');
    const wrong = [newKey('api', newId()), `pk_${id}_${'0'.repeat(43)}`, 'nonsense', expired.data.key];
    for (const key of wrong) {
      const { status, data, headers } = await server.http(key).get('/v1/api-keys');
      expect([status, data.code]).toEqual([401, 'key-invalid']);
      expect(headers['content-type']).toContain('application/problem+json');
      expect(headers['www-authenticate']).toContain('Bearer');
    }
    expect((await server.http().get('/v1/api-keys')).data.code).toBe('key-missing');
    const write = await admin().post('/v1/write-keys', { name: 'Web' });
    const answer = await server.http(write.data.key).get('/v1/api-keys');
    expect([answer.status, answer.data.code]).toEqual([403, 'scope-missing']);
  });

  it('stop working within 5 seconds of their revocation, in other processes too', async () => {
    const made = await admin().post('/v1/api-keys', { name: 'Short', scopes: ['keys:read'] });
    const { key, id } = made.data;
    expect((await server.http(key).get('/v1/api-keys')).status).toBe(200);
    // Revoked by another process: this one learns of it only when its memory ends.
    const owner = new Client({ connectionString: server.engines.databaseUrl });
    await owner.connect();
    await owner.query('UPDATE percorso.access_key SET revoked_at = now() WHERE id = $1', [id]);
    await owner.end();
    await new Promise((resolve) => setTimeout(resolve, 5000));
    expect((await server.http(key).get('/v1/api-keys')).status).toBe(401);

    const second = await admin().post('/v1/api-keys', { name: 'Short', scopes: ['keys:read'] });
    expect((await server.http(second.data.key).get('/v1/api-keys')).status).toBe(200);
    expect((await admin().delete(`/v1/api-keys/${second.data.id}`)).status).toBe(204);
    expect((await server.http(second.data.key).get('/v1/api-keys')).status).toBe(401);
    expect((await admin().delete(`/v1/api-keys/${second.data.id}`)).status).toBe(404);
  });

  it('give no scope that their maker lacks', async () => {
    const limited = await admin().post('/v1/api-keys', {
      name: 'Limited',
      scopes: ['keys:write', 'keys:read'],
    });
    const http = server.http(limited.data.key);
    expect((await http.post('/v1/api-keys', { name: 'Same', scopes: ['keys:read'] })).status).toBe(201);
    const { status, data } = await http.post('/v1/api-keys', { name: 'More', scopes: ['keys:read', '*'] });
    expect([status, data.errors[0].pointer, data.errors[0].code]).toEqual([
      422,
      '/scopes/1',
      'scope-missing',
    ]);
    const { status: instance } = await admin().post('/v1/api-keys', { name: 'Root', scopes: ['instance'] });
    expect(instance).toBe(422);
  });

  it('note their last use, at most once a minute', async () => {
    const began = Date.now();
    const made = await admin().post('/v1/api-keys', { name: 'Used', scopes: ['keys:read'] });
    const http = server.http(made.data.key);
    for (let i = 0; i < 3; i++) await http.get('/v1/api-keys');
    const noted = async (): Promise<string | null> => {
      const { data } = (await http.get('/v1/api-keys')).data;
      return data.find(({ id }: { id: string }) => id === made.data.id).lastUsedAt;
    };
    while ((await noted()) === null) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(Date.parse((await noted())!)).toBeGreaterThanOrEqual(began);
  });

  it('belong to one kind when asked for that kind', async () => {
    const keys = server.app.get(KeyService);
    await expect(keys.authenticate(workspace.adminKey, 'write')).rejects.toMatchObject({ status: 401 });
    await expect(keys.authenticate(workspace.adminKey, 'api')).resolves.toMatchObject({
      workspaceId: workspace.id,
    });
  });

  it('may come as the user name of Basic authentication', async () => {
    const basic = Buffer.from(`${workspace.adminKey}:`).toString('base64');
    const answer = await server.http().get('/v1/api-keys', { headers: { authorization: `Basic ${basic}` } });
    expect(answer.status).toBe(200);
    const digest = await server.http().get('/v1/api-keys', { headers: { authorization: 'Digest abc' } });
    expect([digest.status, digest.data.code]).toEqual([401, 'authorization-malformed']);
  });
});

describe('wrong keys', () => {
  let server: AccessServer;
  beforeAll(async () => {
    server = await startAccessServer(await startTestEngines());
  });
  afterAll(() => server?.close());

  it('are refused with 429 after ten in a minute, while right keys go on', async () => {
    const { adminKey } = await server.workspace();
    const statuses: number[] = [];
    let retryAfter: string | undefined;
    for (let i = 0; i < 12; i++) {
      const { status, headers } = await server.http(newKey('api', newId())).get('/v1/api-keys');
      statuses.push(status);
      retryAfter = headers['retry-after'] ?? retryAfter;
    }
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
    expect(Number(retryAfter)).toBeGreaterThan(0);
    expect((await server.http(adminKey).get('/v1/api-keys')).status).toBe(200);
  });
});
