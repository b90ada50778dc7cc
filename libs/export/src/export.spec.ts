import { startTestEngines, type TestEngines } from '@percorso/engines';
import fc from 'fast-check';
import { MembershipStore } from '@percorso/segmentation';
import { ExportWorld, type Reply } from './export-world';

const SEED = Number(process.env.PERCORSO_SEED);
const ids = (reply: Reply): unknown[] => reply.body.value.map(({ id }) => id);
const lines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the pull API', () => {
  let engines: TestEngines;
  let world: ExportWorld;

  beforeAll(async () => {
    engines = await startTestEngines();
    world = await ExportWorld.start(engines);
  }, 120_000);
  afterAll(async () => {
    await world?.stop();
    await engines?.stop();
  });

  it('serves a definition from its creation to its deltas', async () => {
    await world.newWorkspace(5);
    const audience = await world.newAudience(3);
    expect(await world.evaluate(audience)).toMatchObject({
      state: 'done',
      members: 3,
      entered: 3,
      exited: 0,
    });
    const preview = await world.call('POST', '/v1/audiences/preview', {
      body: { definition: { version: 1, where: { trait: { path: 'n', op: 'gt', value: 3 } } }, sample: 1 },
    });
    expect(preview.body).toMatchObject({ count: 2, asOf: { pos: 0 }, sample: [expect.any(String)] });

    const url = `/v1/audiences/${audience}/members?pageSize=2&fields=identities.email,traits.n`;
    const first = await world.call('GET', url);
    expect(first.body.value).toEqual([
      { id: expect.any(String), 'identities.email': 'p1@x.it', 'traits.n': 1, since: expect.any(String) },
      { id: expect.any(String), 'identities.email': 'p2@x.it', 'traits.n': 2, since: expect.any(String) },
    ]);
    expect(first.body.deltaLink).toBeUndefined();
    expect(first.body.nextLink).toMatch(
      /^https:\/\/hub\.example\/v1\/audiences\/[0-9a-f-]+\/members\?.*fields=/,
    );
    expect(first.headers.link).toBe(`<${first.body.nextLink}>; rel="next"`);
    const second = await world.call('GET', first.body.nextLink ?? '');
    expect(second.body.value).toMatchObject([{ 'traits.n': 3 }]);
    expect(second.body.nextLink).toBeUndefined();
    expect(second.headers.link).toBe(`<${second.body.deltaLink}>; rel="delta"`);
    const nothing = await world.call('GET', second.body.deltaLink ?? '');
    expect(nothing.body).toEqual({ value: [], deltaLink: expect.stringContaining('/deltas?') });

    const audienceUrl = `/v1/audiences/${audience}`;
    const etag = String((await world.call('GET', audienceUrl)).headers.etag);
    const definition = { version: 1, where: { trait: { path: 'n', op: 'in', value: [3, 4] } } };
    const patched = await world.call('PATCH', audienceUrl, {
      body: { definition },
      headers: { 'if-match': etag },
    });
    expect(patched.body).toMatchObject({ definitionVersion: 2, version: 2 });
    const again = await world.call('PATCH', audienceUrl, {
      body: { name: 'x' },
      headers: { 'if-match': etag },
    });
    expect(again.status).toBe(412);
    expect((await world.call('PATCH', audienceUrl, { body: { name: 'x' } })).status).toBe(428);
    await world.evaluate(audience);
    const left = await world.call('GET', nothing.body.deltaLink ?? '');
    expect(left.body).toEqual({
      value: first.body.value.map(({ id }) => ({ id, '@removed': { reason: 'exited' } })),
      nextLink: expect.any(String),
    });
    const entered = await world.call('GET', left.body.nextLink ?? '');
    expect(entered.body).toEqual({
      value: [
        {
          id: expect.any(String),
          'identities.email': 'p4@x.it',
          'traits.n': 4,
          changedAt: expect.any(String),
        },
      ],
      deltaLink: expect.any(String),
    });
  });

  it('names every mistake of a definition by its place in the request', async () => {
    const definition = {
      version: 1,
      where: { any: [{ trait: { path: 'a', op: 'like', value: 1 } }, { nor: 1 }] },
    };
    const reply = await world.call('POST', '/v1/audiences', { body: { name: 'x', definition } });
    expect(reply.status).toBe(422);
    expect((reply.body.errors as { pointer: string }[]).map(({ pointer }) => pointer)).toEqual([
      '/definition/where/any/0/trait/op',
      '/definition/where/any/1/nor',
      '/definition/where/any/1',
    ]);
  });

  it('streams everything as NDJSON and CSV, and pages of them on demand', async () => {
    await world.newWorkspace(4500);
    const audience = await world.newAudience(4500);
    await world.evaluate(audience);
    const url = `/v1/audiences/${audience}/members?fields=traits.n`;
    const ndjson = await world.call('GET', url, { headers: { accept: 'application/x-ndjson' } });
    expect(lines(ndjson.text).map((row) => row['traits.n'])).toEqual(
      Array.from({ length: 4500 }, (_, n) => n + 1),
    );
    const csv = await world.call('GET', `${url}&format=csv`);
    expect(csv.headers['content-type']).toMatch(/^text\/csv/);
    expect(csv.text.split('\r\n')).toHaveLength(4502);
    expect(csv.text).toMatch(/^id,traits\.n,since\r\n[0-9a-f-]{36},1,2/);

    const link = (reply: Reply): string =>
      /^<(.*)>; rel="(?:next|delta)"$/.exec(String(reply.headers.link))?.[1] ?? '';
    const page = await world.call('GET', `${url}&format=ndjson&pageSize=4000`);
    expect(lines(page.text)).toHaveLength(4000);
    expect(lines((await world.call('GET', link(page))).text)).toHaveLength(500);

    await world.change(
      audience,
      [],
      Array.from({ length: 4100 }, (_, n) => n + 1),
    );
    await world.sequence();
    const deltas = await world.call('GET', link(ndjson), { headers: { accept: 'text/csv' } });
    expect(deltas.text.split('\r\n')).toHaveLength(4102);
    expect(deltas.text).toMatch(
      /^_op,id,traits\.n,changedAt,reason\r\nremove,[0-9a-f-]{36},,2[^,]*,exited\r\n/,
    );
    expect(
      lines((await world.call('GET', link(deltas), { headers: { accept: 'application/x-ndjson' } })).text),
    ).toEqual([]);
  }, 60_000);

  it('leaves out who may not be addressed on the channel, and says how many', async () => {
    await world.newWorkspace(6);
    const audience = await world.newAudience(6);
    await world.evaluate(audience);
    await world.database.tx(world.workspaceId, (tx) =>
      tx.query(
        `INSERT INTO suppression (workspace_id, channel, address, reason, source, at)
         VALUES ($1, 'email', 'p1@x.it', 'hard-bounce', 's', now()), ($1, 'sms', 'p3@x.it', 'manual', 's', now())`,
        [world.workspaceId],
      ),
    );
    const url = `/v1/audiences/${audience}/members?fields=traits.n&channel=email`;
    const reply = await world.call('GET', url);
    expect(reply.body.value.map((row) => row['traits.n'])).toEqual([3, 5]);
    expect(reply.body.leftOut).toEqual({ consent: 3, suppression: 1 });
    expect(reply.headers['percorso-left-out']).toBe('consent=3, suppression=1');
    const stream = await world.call('GET', `${url}&format=ndjson`);
    expect(lines(stream.text)).toHaveLength(2);
    expect(stream.trailers['percorso-left-out']).toBe('consent=3, suppression=1');

    await world.change(audience, [], [2, 3]);
    await world.change(audience, [2, 3], []);
    await world.sequence();
    const deltas = await world.call('GET', reply.body.deltaLink ?? '');
    expect(deltas.body.value).toMatchObject([{ '@removed': { reason: 'consent' } }, { 'traits.n': 3 }]);
  });

  it('tells at the end of a stream how many it left out, in a trailer on the wire', async () => {
    await world.newWorkspace(4500);
    const audience = await world.newAudience(4500);
    await world.evaluate(audience);
    for (const [format, rows] of [
      ['ndjson', 2250],
      ['csv', 2251],
    ] as const) {
      const url = `/v1/audiences/${audience}/members?fields=traits.n&channel=email&format=${format}`;
      const answer = await world.readFromSocket(url);
      expect(answer.statusCode).toBe(200);
      expect(answer.headers).toMatchObject({ 'transfer-encoding': 'chunked', trailer: 'Percorso-Left-Out' });
      expect(answer.headers['percorso-left-out']).toBeUndefined();
      expect(answer.text.trimEnd().split('\n')).toHaveLength(rows);
      expect(answer.complete).toBe(true);
      expect(answer.trailers).toEqual({ 'percorso-left-out': 'consent=2250, suppression=0' });
    }
  }, 60_000);

  it('follows the workspace where nobody asked for consent', async () => {
    await world.newWorkspace(4, { unknownConsent: 'deny' });
    const audience = await world.newAudience(4);
    await world.evaluate(audience);
    const reply = await world.call('GET', `/v1/audiences/${audience}/members?channel=email`);
    expect(reply.body).toMatchObject({ value: [], leftOut: { consent: 4, suppression: 0 } });
  });

  it('refuses cursors that were forged, belong elsewhere or have expired', async () => {
    await world.newWorkspace(3);
    const [audience, other] = [await world.newAudience(3), await world.newAudience(1)];
    await world.evaluate(audience);
    const url = `/v1/audiences/${audience}`;
    const first = await world.call('GET', `${url}/members?pageSize=1&fields=traits.n`);
    const cursor = new URL(first.body.nextLink ?? '').searchParams.get('cursor') ?? '';
    const forged = `${cursor.slice(0, 30)}${cursor[30] === 'A' ? 'B' : 'A'}${cursor.slice(31)}`;
    for (const [path, status] of [
      [`${url}/members?cursor=${forged}`, 400],
      [`${url}/members?cursor=${cursor.slice(2)}`, 400],
      [`${url}/deltas?cursor=${cursor}`, 400],
      [`/v1/audiences/${other}/members?cursor=${cursor}`, 400],
      [`${url}/deltas`, 422],
      [`${url}/members?fields=traits`, 422],
      [`${url}/members?purpose=news`, 422],
      [`${url}/members?pageSize=10001`, 422],
      [`/v1/audiences/${world.workspaceId}/members`, 404],
    ] as const) {
      expect({ path, status: (await world.call('GET', path)).status }).toEqual({ path, status });
    }
    const xml = await world.call('GET', `${url}/members`, { headers: { accept: 'application/xml' } });
    expect(xml.status).toBe(406);
    await world.database.tx(world.workspaceId, (tx) =>
      tx.query('UPDATE membership_log SET epoch = epoch + 1'),
    );
    const expired = await world.call('GET', first.body.nextLink ?? '');
    expect(expired).toMatchObject({ status: 410, body: { code: 'delta-expired' } });
    expect(expired.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(expired.headers.location).toBe(`https://hub.example${url}/members?pageSize=1&fields=traits.n`);
    expect((await world.call('GET', String(expired.headers.location))).status).toBe(200);
  });

  it(`snapshot and deltas give the state, whatever changes while they are read (seed ${SEED})`, async () => {
    await world.newWorkspace(60);
    const random = fc.sample(fc.integer({ min: 0, max: 2 ** 30 }), { seed: SEED, numRuns: 400 });
    const audience = await world.newAudience(30);
    await world.evaluate(audience);
    let reading = true;
    let writes = 0;
    const writing = async (): Promise<void> => {
      for (let turn = 0; reading && turn < random.length; turn++, writes++) {
        const dice = random[turn] ?? 0;
        const persons = [dice % 60, (dice >> 6) % 60, (dice >> 12) % 60].map((person) => person + 1);
        await world.change(audience, dice % 3 ? persons : [], dice % 3 ? [] : persons);
        if (dice % 4 === 0) await world.sequence();
      }
    };
    const mirror = new Set<string>();
    let link = `/v1/audiences/${audience}/members?pageSize=3`;
    const pull = async (): Promise<void> => {
      for (;;) {
        const { body } = await world.call('GET', link);
        for (const row of body.value) {
          if (row['@removed']) mirror.delete(row.id);
          else mirror.add(row.id);
        }
        link = body.nextLink ?? body.deltaLink ?? '';
        if (!body.nextLink) return;
      }
    };
    const pulling = async (): Promise<void> => {
      for (let round = 0; round < 8 || writes < 60; round++) await pull();
      reading = false;
    };
    await Promise.all([writing(), pulling()]);
    await world.sequence();
    await pull();
    const { rows } = await world.database.tx(world.workspaceId, async (tx) => {
      const members = await world.app.get(MembershipStore).members(tx, audience);
      return tx.query<{ id: string }>('SELECT id FROM profile WHERE person = ANY($1::int[])', [[...members]]);
    });
    expect(writes).toBeGreaterThanOrEqual(60);
    expect([...mirror].sort()).toEqual(rows.map(({ id }) => id).sort());
    expect(ids(await world.call('GET', `/v1/audiences/${audience}/members`)).sort()).toEqual(
      [...mirror].sort(),
    );
  }, 60_000);
});
