import type { TryResult } from './mapping.dto';
import { SyncWorld } from './testing/sync-world';
import type { SyncWorkspace } from './testing/sync-workspace';

const EXPRESSION = '{\n  "email": profile.traits.email,\n  "hello": "Dear " & profile.traits.lastName\n}';
const ADA = {
  name: 'Ada',
  input: { profile: { traits: { email: 'ada@example.com', lastName: 'Lovelace' } } },
  output: { email: 'ada@example.com', hello: 'Dear Lovelace' },
};
const NOBODY = { name: 'No address', input: { profile: { traits: {} } }, dropped: 'missing-required' };

describe('mappings', () => {
  let world: SyncWorld;
  let workspace: SyncWorkspace;
  let id: string;

  beforeAll(async () => {
    world = await SyncWorld.start();
    workspace = await world.workspace(3);
  }, 120_000);
  afterAll(() => world?.stop());

  const create = (more: object) =>
    workspace.call('POST', '/v1/mappings', {
      name: 'M',
      expression: EXPRESSION,
      required: ['email'],
      examples: [ADA, NOBODY],
      ...more,
    });
  beforeEach(async () => {
    const { status, body } = await create({});
    expect([status, body.version]).toEqual([201, 1]);
    id = body.id;
  });

  const put = (body: object, tag = '"1"') =>
    workspace.call('PUT', `/v1/mappings/${id}`, { required: ['email'], ...body }, { 'if-match': tag });
  const get = async (path = ''): Promise<Record<string, unknown>> =>
    (await workspace.call('GET', `/v1/mappings/${id}${path}`)).body;

  it('are told what is wrong with them by line and column', async () => {
    const { body } = await workspace.call('POST', '/v1/mappings/validate', {
      expression: '{\n  "a": 1,\n  "b" 2\n}',
    });
    expect(body).toMatchObject({ valid: false, errors: [{ pointer: '/expression', line: 3 }] });
    expect((body.errors as { column: number }[])[0]!.column).toBeGreaterThan(1);
  });

  it('are refused with the difference when a golden example comes out otherwise', async () => {
    const { status, body } = await put({ expression: EXPRESSION.replace('Dear', 'Hi') });
    expect([status, body.errors]).toEqual([
      422,
      [
        {
          pointer: '/examples/0/output/hello',
          code: 'example-differs',
          message: '"Ada": expected "Dear Lovelace", got "Hi Lovelace".',
        },
      ],
    ]);
    const lax = await put({ expression: EXPRESSION, required: [] });
    expect(lax.body.errors).toMatchObject([{ pointer: '/examples/1', code: 'example-differs' }]);
    expect((await create({ examples: [{ ...ADA, output: {} }] })).status).toBe(422);
    expect(await get()).toMatchObject({ current: 1, version: 1 });
  });

  it('are changed with their examples, and keep them where none are given', async () => {
    const hi = { ...ADA, output: { email: 'ada@example.com', hello: 'Hi Lovelace' } };
    const expression = EXPRESSION.replace('Dear', 'Hi');
    expect(await put({ expression, examples: [hi] })).toMatchObject({
      status: 200,
      body: { current: 2, examples: [hi] },
    });
    expect((await put({ expression }, '"2"')).body).toMatchObject({ current: 3, examples: [hi] });
    expect((await put({ expression, examples: [] }, '"3"')).body).toMatchObject({ current: 4, examples: [] });
    expect((await put({ expression }, '"1"')).status).toBe(412);
  });

  it('have versions that can be compared and had again', async () => {
    const expression = EXPRESSION.replace('Dear', 'Hi');
    await put({ expression, required: ['email', 'hello'], examples: [] });
    const { data } = await get('/versions?limit=1');
    expect(data).toMatchObject([{ version: 2, expression, examples: [] }]);
    const first = await get(`/versions?cursor=${String((await get('/versions?limit=1')).next)}`);
    expect(first).toMatchObject({ data: [{ version: 1, examples: [ADA, NOBODY] }], next: null });
    expect(await get('/versions/1')).toMatchObject({ expression: EXPRESSION });
    expect(await get('/diff')).toMatchObject({
      from: 1,
      to: 2,
      expression: [
        { change: 'same', line: '{' },
        { change: 'same' },
        { change: 'removed', line: '  "hello": "Dear " & profile.traits.lastName' },
        { change: 'added', line: '  "hello": "Hi " & profile.traits.lastName' },
        { change: 'same', line: '}' },
      ],
      required: { removed: [], added: ['hello'] },
      examples: { removed: ['Ada', 'No address'], added: [], changed: [] },
    });
    const rollback = (tag: string, version: number) =>
      workspace.call('POST', `/v1/mappings/${id}/rollback`, { version }, { 'if-match': tag });
    expect((await rollback('"1"', 1)).status).toBe(412);
    expect((await rollback('"2"', 9)).status).toBe(404);
    expect(await rollback('"2"', 1)).toMatchObject({
      status: 200,
      body: { current: 3, version: 3, expression: EXPRESSION, required: ['email'], examples: [ADA, NOBODY] },
    });
    expect((await workspace.call('GET', `/v1/mappings/${id}/versions/x`)).status).toBe(404);
  });

  it('are tried on members of an audience and on documents, each drop explained', async () => {
    await workspace.change([1, 2, 3]);
    await workspace.setTrait(2, 'email', null);
    const tried = async (body: object): Promise<TryResult[]> =>
      (await workspace.call('POST', '/v1/mappings/try', body)).body.results as TryResult[];
    const { audienceId } = workspace;
    const results = await tried({ mappingId: id, audienceId, members: 2, documents: [ADA.input] });
    expect(results).toMatchObject([
      { profileId: expect.any(String), output: { email: workspace.email(1) } },
      { dropped: { code: 'missing-required', pointer: '/email' } },
      { output: ADA.output },
    ]);
    expect(results[0]).not.toHaveProperty('dropped');
    const [strict] = await tried({ mappingId: id, documents: [ADA.input], required: ['city'] });
    expect(strict).toMatchObject({ dropped: { code: 'missing-required', pointer: '/city' } });
    const [failed] = await tried({ expression: '1 + "a"', documents: [{}] });
    expect(failed).toMatchObject({
      error: { code: 'T2002', position: expect.any(Number) },
      dropped: { code: 'T2002' },
    });
    const smtp = await workspace.call('POST', '/v1/connectors', {
      plugin: 'smtp',
      name: 'Mail',
      settings: { host: 'mail.example.com', port: 2525, security: 'none', from: 'shop@percorso.example' },
    });
    const [mail] = await tried({
      expression: '{"subject": "Hi"}',
      documents: [{}],
      connectorId: smtp.body.id,
    });
    expect(mail).toMatchObject({ dropped: { code: 'missing-required', pointer: '/to' } });
    const other = await world.workspace(1);
    const theirs = await other.call('POST', '/v1/mappings/try', { expression: '1', audienceId });
    expect(theirs.status).toBe(404);
  });
});
