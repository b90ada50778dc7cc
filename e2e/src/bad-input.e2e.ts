import axios, { type AxiosResponse } from 'axios';
import { gzipSync } from 'node:zlib';
import {
  type Audience,
  connectCampaign,
  createAudience,
  evaluate,
  ingest,
  type IngestStatus,
  runSync,
  settled,
  type StoryContext,
} from '@percorso/demo';
import { World } from './world';

const everyone = { version: 1, where: { trait: { path: 'email', op: 'exists', value: true } } };

/** What goes in wrong must come back as a clear problem, and never cost a neighbour. */
describe('bad input', () => {
  let world: World;
  let context: StoryContext;

  beforeAll(async () => {
    world = await World.start();
    context = await world.workspace(0);
  });

  afterAll(() => world?.stop());

  const collect = (body: string | Buffer, headers: Record<string, string> = {}): Promise<AxiosResponse> =>
    axios.post(`${context.hubUrl}/v1/batch`, body, {
      auth: { username: context.writeKey, password: '' },
      headers: { 'content-type': 'application/json', ...headers },
      validateStatus: () => true,
      proxy: false,
      transformRequest: (data: unknown) => data,
    });

  const admin = (method: string, path: string, data?: unknown): Promise<AxiosResponse> =>
    axios.request({
      method,
      url: `${context.hubUrl}${path}`,
      data,
      headers: { authorization: `Bearer ${context.admin.key}`, 'content-type': 'application/json' },
      ...(typeof data === 'string' ? { transformRequest: (text: unknown) => text } : {}),
      validateStatus: () => true,
      proxy: false,
    });

  const expectProblem = (response: AxiosResponse, status: number): void => {
    expect(response.status).toBe(status);
    expect(response.headers['content-type']).toContain('application/problem+json');
    expect(response.data).toMatchObject({ status, title: expect.any(String), code: expect.any(String) });
    expect(JSON.stringify(response.data)).not.toMatch(/node_modules|\.ts:|\.js:/);
  };

  describe('collection', () => {
    const good = (id: string): object => ({
      type: 'track',
      messageId: id,
      userId: 'x',
      event: 'Seen',
      properties: {},
    });

    it.each<[string, () => string | Buffer, Record<string, string>, number]>([
      ['malformed JSON', () => '{"batch":[', {}, 400],
      ['no batch', () => '{}', {}, 400],
      ['a batch that is no list', () => '{"batch":{}}', {}, 400],
      ['invalid UTF-8', () => Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), {}, 400],
      ['broken gzip', () => Buffer.from('not gzip'), { 'content-encoding': 'gzip' }, 400],
      ['an unknown encoding', () => '{}', { 'content-encoding': 'zstd' }, 415],
      ['too large', () => JSON.stringify({ batch: [{ pad: 'x'.repeat(600_000) }] }), {}, 413],
      ['a bomb', () => gzipSync(Buffer.alloc(200_000_000, 32)), { 'content-encoding': 'gzip' }, 413],
      ['too many', () => JSON.stringify({ batch: Array.from({ length: 2501 }, () => ({})) }), {}, 413],
    ])('%s is refused whole', async (_what, body, headers, status) => {
      expectProblem(await collect(body(), headers), status);
    });

    it('a wrong write key is refused', async () => {
      const answer = await axios.post(
        `${context.hubUrl}/v1/batch`,
        { batch: [] },
        {
          auth: { username: 'pw_nobody_nothing', password: '' },
          validateStatus: () => true,
          proxy: false,
        },
      );
      expectProblem(answer, 401);
    });

    it('bad items are quarantined with their path, good ones between them live', async () => {
      const before = await context.admin.get<IngestStatus>('/v1/ingest');
      const bad = [
        { ...good('b1'), type: 'purchase' },
        { ...good('b2'), userId: undefined },
        { ...good('b3'), properties: 'text' },
        { ...good('b4'), event: 7 },
        { ...good('b5'), timestamp: 'noon' },
        { ...good('b6'), properties: { pad: 'x'.repeat(40_000) } },
        { ...good('b7'), properties: { deep: { nul: '\u0000' } } },
        'not an object',
      ];
      const items = bad.flatMap((item, index) => [good(`g${index}`), item]);
      expect((await collect(JSON.stringify({ batch: items }))).status).toBe(200);
      const after = await settled(context, before.head + items.length);
      expect(after.accepted - before.accepted).toBe(bad.length);
      expect(after.quarantined - before.quarantined).toBe(bad.length);
      const { data } = await context.admin.get<{ data: { pos: number; pointer: string; reason: string }[] }>(
        '/v1/quarantine?limit=100',
      );
      const pointers = [...data].sort((a, b) => Number(a.pos) - Number(b.pos)).map(({ pointer }) => pointer);
      expect(pointers).toEqual([
        '/type',
        '/userId',
        '/properties',
        '/event',
        '/timestamp',
        '',
        '/properties/deep/nul',
        '',
      ]);
      expect(data.every(({ reason }) => reason.length > 0)).toBe(true);
    });
  });

  describe('administration', () => {
    it.each<[string, string, string, unknown, number, string | undefined]>([
      ['malformed JSON', 'post', '/v1/audiences', '{"name":', 400, undefined],
      ['a missing field', 'post', '/v1/write-keys', {}, 422, '/name'],
      ['a wrong type', 'post', '/v1/write-keys', { name: 7 }, 422, '/name'],
      ['an unknown field', 'post', '/v1/write-keys', { name: 'x', admin: true }, 422, '/admin'],
      [
        'a definition that means nothing',
        'post',
        '/v1/audiences',
        { name: 'x', definition: { version: 1, where: { wish: 1 } } },
        422,
        '/definition/where',
      ],
      [
        'a plugin that is not there',
        'post',
        '/v1/connectors',
        { plugin: 'nobody', name: 'x', settings: {} },
        422,
        '/plugin',
      ],
      [
        'settings a plugin refuses',
        'post',
        '/v1/connectors',
        { plugin: 'smtp', name: 'x', settings: { port: 'a' } },
        422,
        '/settings/host',
      ],
      [
        'a mapping that does not parse',
        'post',
        '/v1/mappings',
        { name: 'x', expression: '{"a": ' },
        422,
        '/expression',
      ],
      [
        'an id of nowhere',
        'get',
        '/v1/audiences/0198f0c0-0000-7000-8000-000000000000',
        undefined,
        404,
        undefined,
      ],
      ['an id that is none', 'get', '/v1/audiences/1', undefined, 404, undefined],
      ['a route of nowhere', 'get', '/v1/nowhere', undefined, 404, undefined],
    ])('%s gets a problem that says where', async (_what, method, path, body, status, pointer) => {
      const answer = await admin(method, path, body);
      expectProblem(answer, status);
      if (pointer !== undefined) {
        const pointers = (answer.data as { errors: { pointer: string }[] }).errors.map(
          (error) => error.pointer,
        );
        expect(pointers.some((at) => at.startsWith(pointer))).toBe(true);
      }
    });
  });

  describe('mappings and credentials', () => {
    let audience: Audience;

    beforeAll(async () => {
      await ingest(
        context,
        Array.from({ length: 40 }, (_, index) => ({
          type: 'identify' as const,
          messageId: `map-${index}`,
          timestamp: new Date(),
          userId: `map-${index}`,
          traits: {
            email: `map${index}@shop.example`,
            firstName: 'Ada',
            lastName: `${index}`,
            hang: index === 5,
          },
        })),
      );
      audience = await createAudience(context, 'Mapped', everyone);
      await evaluate(context, audience);
    });

    const withMapping = async (expression: string): Promise<Awaited<ReturnType<typeof runSync>>> => {
      const campaign = await connectCampaign(context, audience);
      const mapping = await context.admin.post<{ id: string }>('/v1/mappings', {
        name: 'bad',
        expression,
        required: ['email'],
      });
      const sync = await context.admin.post<{ id: string; name: string; connectorId: string }>('/v1/syncs', {
        name: 'bad',
        audienceId: audience.id,
        connectorId: campaign.connectorId,
        mappingId: mapping.id,
      });
      return runSync(context, sync);
    };

    const deadLetters = async (
      run: string,
    ): Promise<{ state: string; reasonCode: string; reason: string; pointer: string }[]> =>
      (
        await context.admin.get<{
          data: { state: string; reasonCode: string; reason: string; pointer: string }[];
        }>(`/v1/runs/${run}/dead-letters`)
      ).data;

    it('a mapping that throws drops its row with the reason, and the others go', async () => {
      const run = await withMapping(
        `{"email": profile.traits.hang ? $error("no such customer") : profile.identities.email[0], "lastName": profile.traits.lastName}`,
      );
      expect(run.counts).toMatchObject({ accepted: 39, dropped: 1 });
      const [letter] = await deadLetters(run.id);
      expect(letter).toMatchObject({ state: 'dropped', reason: expect.stringMatching(/\S/) });
    });

    it('a mapping that never ends is killed within its limit, and the others go', async () => {
      const run = await withMapping(
        `($loop := function($n) { $loop($n + 1) }; {"email": profile.traits.hang ? $loop(0) : profile.identities.email[0]})`,
      );
      expect(run.counts).toMatchObject({ accepted: 39, dropped: 1 });
      expect((await deadLetters(run.id))[0]).toMatchObject({
        state: 'dropped',
        reasonCode: 'mapping-timeout',
      });
    });

    it('a required field that is missing drops the row with its path', async () => {
      const run = await withMapping(`{"email": profile.traits.hang ? null : profile.identities.email[0]}`);
      expect(run.counts).toMatchObject({ accepted: 39, dropped: 1 });
      expect((await deadLetters(run.id))[0]).toMatchObject({ state: 'dropped', pointer: '/email' });
    });

    it('wrong credentials lose nothing: rows wait, and go once the credentials are right', async () => {
      const campaign = await connectCampaign(context, audience);
      await world.twin.inject({ kind: 'refuseLogon', count: 3 });
      await world.twin.expireSessions();
      const run = await runSync(context, campaign);
      expect(run.counts).toMatchObject({ accepted: 40, pending: 0, unknown: 0 });
    });
  });
});
