import { newId } from '@percorso/kernel';
import { startTestEngines } from '@percorso/engines';
import { AccessServer, startAccessServer } from './access-fixture';
import { WORKSPACE_HOOKS, WorkspaceHook } from './workspace-hooks';

describe('workspaces', () => {
  let server: AccessServer;
  beforeAll(async () => {
    server = await startAccessServer(await startTestEngines());
  });
  afterAll(() => server?.close());

  const root = () => server.http(server.rootKey);

  it('are made and listed by the root key alone', async () => {
    const made = await root().post('/v1/workspaces', { name: 'Shop', settings: { timezone: 'Europe/Rome' } });
    expect(made.status).toBe(201);
    expect(made.data).toMatchObject({ name: 'Shop', settings: { timezone: 'Europe/Rome' }, version: 1 });
    const http = server.http(made.data.adminKey);
    expect((await http.post('/v1/workspaces', { name: 'Other' })).status).toBe(403);
    expect((await http.get('/v1/workspaces')).status).toBe(403);
    expect((await http.get(`/v1/workspaces/${made.data.id}`)).data).toMatchObject({ id: made.data.id });
    const listed = await root().get('/v1/workspaces?limit=1000');
    expect(listed.data.data.map(({ id }: { id: string }) => id)).toContain(made.data.id);
    expect(JSON.stringify(listed.data)).not.toContain('pk_');
  });

  it('do not see each other: another one answers as one that is not there', async () => {
    const [one, other] = await Promise.all([server.workspace('One'), server.workspace('Other')]);
    const http = server.http(one.adminKey);
    const foreign = await http.get(`/v1/workspaces/${other.id}`);
    const missing = await http.get(`/v1/workspaces/${newId()}`);
    expect([foreign.status, foreign.data]).toEqual([404, missing.data]);
    const change = await http.patch(
      `/v1/workspaces/${other.id}`,
      { name: 'Mine' },
      { headers: { 'if-match': '*' } },
    );
    expect(change.status).toBe(404);
    const key = await server.http(other.adminKey).post('/v1/write-keys', { name: 'Web' });
    expect((await http.delete(`/v1/write-keys/${key.data.id}`)).status).toBe(404);
    expect((await server.http(other.adminKey).delete(`/v1/write-keys/${key.data.id}`)).status).toBe(204);
  });

  it('change only on the version that was read', async () => {
    const { id, adminKey } = await server.workspace();
    const http = server.http(adminKey);
    const read = await http.get(`/v1/workspaces/${id}`);
    const { etag } = read.headers;
    expect(etag).toBe('"1"');
    expect((await http.get(`/v1/workspaces/${id}`, { headers: { 'if-none-match': etag } })).status).toBe(304);
    expect((await http.patch(`/v1/workspaces/${id}`, { name: 'B' })).status).toBe(428);
    for (const tag of ['"7"', 'W/"1"', '1', '"x"']) {
      const { status, data } = await http.patch(
        `/v1/workspaces/${id}`,
        { name: 'B' },
        { headers: { 'if-match': tag } },
      );
      expect([tag, status, data.code]).toEqual([tag, 412, 'version-mismatch']);
    }
    const changed = await http.patch(
      `/v1/workspaces/${id}`,
      { settings: { unknownConsent: 'deny' } },
      { headers: { 'if-match': etag } },
    );
    expect(changed.headers.etag).toBe('"2"');
    expect(changed.data).toMatchObject({ name: 'Shop', settings: { unknownConsent: 'deny' }, version: 2 });
  });

  it('lose no update when 20 edit at once', async () => {
    const { id, adminKey } = await server.workspace();
    const http = server.http(adminKey);
    const edit = (name: string) =>
      http.patch(`/v1/workspaces/${id}`, { name }, { headers: { 'if-match': '"1"' } });
    const statuses = (await Promise.all(Array.from({ length: 20 }, (_, i) => edit(`n${i}`)))).map(
      (a) => a.status,
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 412)).toHaveLength(19);
    expect((await http.get(`/v1/workspaces/${id}`)).data.version).toBe(2);
  });

  it('appear with everything their hooks make, or not at all', async () => {
    const hooks = server.app.get<WorkspaceHook[]>(WORKSPACE_HOOKS);
    let before = (await root().get('/v1/workspaces?limit=1000')).data.data.length;
    hooks.push({ created: () => Promise.reject(new RangeError('no')) });
    expect((await root().post('/v1/workspaces', { name: 'Half' })).status).toBe(500);
    hooks.pop();
    expect((await root().get('/v1/workspaces?limit=1000')).data.data).toHaveLength(before);
    const told: string[] = [];
    hooks.push({
      created: async (tx, id) => {
        const { rows } = await tx.query<{ name: string }>('SELECT name FROM workspace WHERE id = $1', [id]);
        told.push(rows[0]?.name ?? '');
      },
    });
    await server.workspace('Hooked');
    hooks.pop();
    expect(told).toEqual(['Hooked']);
    before += 1;
    expect((await root().get('/v1/workspaces?limit=1000')).data.data).toHaveLength(before);
  });

  it('refuse settings they do not know', async () => {
    const { status, data } = await root().post('/v1/workspaces', {
      name: '',
      settings: { timezone: 'Mars/Olympus', allowPrivateNetwork: 'yes', x: 1 },
    });
    expect(status).toBe(422);
    expect(data.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual([
      '/name',
      '/settings/allowPrivateNetwork',
      '/settings/timezone',
      '/settings/x',
    ]);
  });

  it('have routes the root key has no place in', async () => {
    expect((await root().get('/v1/write-keys')).status).toBe(403);
  });
});
