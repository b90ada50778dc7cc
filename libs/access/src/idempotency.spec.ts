import { Client } from 'pg';
import { startTestEngines } from '@percorso/engines';
import { AccessServer, startAccessServer } from './access-fixture';
import { IdempotencyHousekeeping } from './idempotency.housekeeping';

describe('Idempotency-Key', () => {
  let server: AccessServer;
  let key: string;
  let owner: Client;

  beforeAll(async () => {
    server = await startAccessServer(await startTestEngines());
    ({ adminKey: key } = await server.workspace());
    owner = new Client({ connectionString: server.engines.databaseUrl });
    await owner.connect();
  });
  afterAll(async () => {
    await owner?.end();
    await server?.close();
  });

  const order = (idempotencyKey: string, title = 'One', as = key) =>
    server.http(as).post('/v1/orders', { title }, { headers: { 'idempotency-key': idempotencyKey } });

  it('makes one of two equal requests, and answers both alike', async () => {
    const before = server.orders.made;
    const first = await order('a');
    const second = await order('a');
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.data).toEqual(first.data);
    expect(second.headers['idempotent-replayed']).toBe('true');
    expect(server.orders.made - before).toBe(1);
  });

  it('refuses another body with 422', async () => {
    await order('b', 'One');
    const { status, data } = await order('b', 'Two');
    expect([status, data.code]).toEqual([422, 'idempotency-key-reused']);
  });

  it('refuses a second request while the first runs', async () => {
    const before = server.orders.made;
    let open: () => void = () => undefined;
    server.orders.gate = new Promise((resolve) => (open = resolve));
    const first = order('c');
    while (server.orders.made === before) await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await order('c');
    expect([second.status, second.data.code]).toEqual([409, 'idempotency-key-in-use']);
    open();
    const { status, data } = await first;
    expect(status).toBe(201);
    expect((await order('c')).data).toEqual(data);
    expect(server.orders.made - before).toBe(1);
  });

  it('lets one of 20 through at once', async () => {
    const before = server.orders.made;
    const answers = await Promise.all(Array.from({ length: 20 }, () => order('d')));
    expect(server.orders.made - before).toBe(1);
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
  });

  it('keeps failures inside, and forgets refusals', async () => {
    const before = server.orders.made;
    const first = await order('e', 'explode');
    const second = await order('e', 'explode');
    expect([first.status, second.status, second.data]).toEqual([500, 500, first.data]);
    expect(second.headers['content-type']).toContain('application/problem+json');
    expect(server.orders.made - before).toBe(1);
    const headers = { 'idempotency-key': 'f' };
    expect((await server.http(key).post('/v1/orders', { titel: 1 }, { headers })).status).toBe(422);
    expect((await server.http(key).post('/v1/orders', { title: 'One' }, { headers })).status).toBe(201);
  });

  it('belongs to the key that sent it', async () => {
    const other = await server.workspace();
    const mine = await order('g');
    const theirs = await order('g', 'One', other.adminKey);
    expect(theirs.status).toBe(201);
    expect(theirs.data.id).not.toBe(mine.data.id);
  });

  it('makes one workspace, whose key is nowhere in clear', async () => {
    const create = () =>
      server
        .http(server.rootKey)
        .post('/v1/workspaces', { name: 'Once' }, { headers: { 'idempotency-key': 'w' } });
    const [first, second] = [await create(), await create()];
    expect(second.data).toEqual(first.data);
    expect(second.headers.etag).toBe('"1"');
    const made = await server
      .http(first.data.adminKey)
      .post('/v1/write-keys', { name: 'Web' }, { headers: { 'idempotency-key': 'k' } });
    const kept = await owner.query('SELECT * FROM percorso.idempotency');
    const instance = await owner.query('SELECT * FROM percorso.instance_idempotency');
    expect(instance.rows).toHaveLength(1);
    const dump = [...kept.rows, ...instance.rows]
      .flatMap((row) => Object.values(row))
      .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value)))
      .join('\n');
    for (const secret of [first.data.adminKey, made.data.key])
      expect(dump).not.toContain(secret.split('_')[2]);
  });

  it('is given up by a hub that died, and ends after a day', async () => {
    await order('h');
    const age = (by: string, open: boolean) =>
      owner.query(
        `UPDATE percorso.idempotency SET created_at = created_at - $1::interval ${open ? ', status = NULL' : ''}`,
        [by],
      );
    await age('1 minute', true);
    expect((await order('h')).status).toBe(409);
    await age('2 minutes', true);
    const before = server.orders.made;
    expect((await order('h')).status).toBe(201);
    expect(server.orders.made - before).toBe(1);
    await age('23 hours', false);
    expect((await order('h')).headers['idempotent-replayed']).toBe('true');
    await age('2 hours', false);
    expect((await order('h')).headers['idempotent-replayed']).toBeUndefined();
    await age('26 hours', false);
    await server.app.get(IdempotencyHousekeeping).forget();
    expect((await owner.query('SELECT FROM percorso.idempotency')).rowCount).toBe(0);
  });

  it('must be printable', async () => {
    expect((await order('x'.repeat(256))).status).toBe(400);
  });
});
