import type { ProfileFixture } from '../profile-fixture';
import { GoodItem } from '../log-item';
import { compileSchema } from './compile-schema';
import { PutSchema } from './schema.dto';
import { SchemaChecks } from './schema-checks';
import { SchemaService } from './schema.service';
import { useProfileFixture } from '../use-profile-fixture';

describe('schemas of events and traits', () => {
  let fixture: ProfileFixture;
  let workspaceId: string;
  let schemas: SchemaService;

  useProfileFixture((started) => {
    fixture = started;
    schemas = new SchemaService(fixture.database, fixture.clock);
  });
  beforeEach(async () => {
    workspaceId = await fixture.workspace();
  });

  let messages = 0;
  const bought = (properties: object): object => ({
    messageId: `s${++messages}`,
    type: 'track',
    userId: 'u',
    event: 'Bought',
    properties,
  });
  const put = (schema: object, policy: PutSchema['policy'], kind = 'events', name = 'Bought') =>
    schemas.put(workspaceId, 'spec', kind, name, { schema: schema as Record<string, unknown>, policy });
  const quarantined = async (): Promise<unknown[]> => {
    const { rows } = await fixture.database.tx(workspaceId, (tx) =>
      tx.query('SELECT code, pointer, reason FROM quarantine WHERE workspace_id = $1 ORDER BY pos', [
        workspaceId,
      ]),
    );
    return rows;
  };
  const PRICED = {
    type: 'object',
    required: ['price'],
    properties: { price: { type: 'number', minimum: 0 } },
  };

  it('that warn let pass and count by rule', async () => {
    await put(PRICED, 'warn');
    await fixture.say(
      workspaceId,
      bought({}),
      bought({ price: -1 }),
      bought({ price: 'x' }),
      bought({ price: 1 }),
    );
    await fixture.say(workspaceId, bought({ price: -2 }));
    expect(await fixture.head(workspaceId)).toMatchObject({ accepted: 5, quarantined: 0 });
    const { data } = await schemas.violations(workspaceId, 'events', 'Bought');
    expect(data.map(({ rule, count, lastPos }) => [rule, count, lastPos]).sort()).toEqual([
      ['/properties/price/minimum', 2, 5],
      ['/properties/price/type', 1, 3],
      ['/required/price', 1, 1],
    ]);
    expect(await schemas.get(workspaceId, 'events', 'Bought')).toMatchObject({ violations: 4, version: 1 });
  });

  it('that quarantine set aside with the pointer; once the schema is mended the same item is taken', async () => {
    await put({ properties: { lines: { items: PRICED } } }, 'quarantine');
    const item = bought({ lines: [{ price: 1 }, { price: '2' }] });
    await fixture.say(workspaceId, item, bought({}));
    expect(await quarantined()).toEqual([
      {
        code: 'schema-violation',
        pointer: '/properties/lines/1/price',
        reason: 'Version 1 of the schema events/Bought does not allow it (type).',
      },
    ]);
    expect(await fixture.head(workspaceId)).toMatchObject({ accepted: 1, quarantined: 1 });
    await put({}, 'quarantine');
    await fixture.say(workspaceId, item);
    expect(await fixture.head(workspaceId)).toMatchObject({ accepted: 2, quarantined: 1, duplicates: 0 });
  });

  it('of traits look at identify calls, and at nothing else', async () => {
    await put({ properties: { email: { format: 'email' } } }, 'quarantine', 'traits', 'identify');
    const identify = (email: string): object => ({ type: 'identify', userId: 'u', traits: { email } });
    await fixture.say(
      workspaceId,
      identify('nobody'),
      identify('u@example.com'),
      bought({ email: 'nobody' }),
    );
    expect(await quarantined()).toMatchObject([{ pointer: '/traits/email' }]);
  });

  it('have versions: a new one for a change, none for saying the same', async () => {
    expect(await put(PRICED, 'warn')).toMatchObject({ version: 1 });
    expect(await put({ ...PRICED }, 'warn')).toMatchObject({ version: 1 });
    expect(await put(PRICED, 'off')).toMatchObject({ version: 2, policy: 'off' });
    await fixture.say(workspaceId, bought({}));
    expect((await schemas.violations(workspaceId, 'events', 'Bought')).data).toEqual([]);
    await put(PRICED, 'quarantine', 'events', 'Sold');
    const versions = await schemas.versions(workspaceId, 'events', 'Bought', { limit: 1 });
    expect(versions.data.map(({ version }) => version)).toEqual([2]);
    const rest = await schemas.versions(workspaceId, 'events', 'Bought', {
      limit: 1,
      cursor: versions.next!,
    });
    expect([rest.data.map(({ version }) => version), rest.next]).toEqual([[1], null]);
    const listed = await schemas.list(workspaceId, { limit: 10 });
    expect(listed.data.map(({ name, version }) => [name, version])).toEqual([
      ['Bought', 2],
      ['Sold', 1],
    ]);
  });

  it('are compiled once a version, however many batches come', async () => {
    const compile = jest.fn(compileSchema);
    const checks = new SchemaChecks(compile);
    const entry = { item: { type: 'track', event: 'Bought', properties: {} }, pos: 7 } as unknown as GoodItem;
    const check = () => fixture.database.tx(workspaceId, (tx) => checks.check(tx, [entry, entry]));
    expect(await check()).toEqual(new Map());
    for (const version of [1, 2]) {
      await put({ ...PRICED, title: `${version}` }, 'warn');
      for (let n = 0; n < 3; n++)
        expect((await check()).get(1)).toMatchObject({ pos: 7, schema: { version } });
      expect(compile).toHaveBeenCalledTimes(version);
    }
  });

  it('take two patterns, XDM keywords and references for what they are', async () => {
    const schema = {
      'meta:title': 'Order',
      $defs: { sku: { type: 'string', pattern: '^S\\d+$' } },
      properties: { sku: { $ref: '#/$defs/sku' }, zip: { pattern: '^\\d{5}$', 'meta:xdmType': 'string' } },
    };
    await put(schema, 'quarantine');
    await fixture.say(
      workspaceId,
      bought({ sku: 'S1', zip: '50100' }),
      bought({ sku: 'S1', zip: 'S1' }),
      bought({ sku: 'x' }),
    );
    expect(await quarantined()).toMatchObject([
      { pointer: '/properties/zip' },
      { pointer: '/properties/sku' },
    ]);
  });

  const nested = (depth: number): object => (depth === 0 ? {} : { items: nested(depth - 1) });
  it.each([
    [
      'a pattern that looks around',
      { properties: { a: { pattern: '(?=a)' } } },
      '/schema/properties/a/pattern',
    ],
    ['too large patterns', { pattern: '(a{100}){100}' }, '/schema/pattern'],
    [
      'patterns too large together',
      { allOf: [{ pattern: 'a{190}' }, { pattern: 'a{190}' }, { pattern: 'a{190}' }] },
      '/schema/allOf/2/pattern',
    ],
    [
      'circles',
      { $defs: { a: { anyOf: [{ $ref: '#/$defs/a' }] } }, $ref: '#/$defs/a' },
      '/schema/$defs/a/anyOf/0/$ref',
    ],
    ['references elsewhere', { $ref: 'https://example.com/schema' }, '/schema/$ref'],
    ['depth', nested(40), `/schema${'/items'.repeat(32)}`],
    ['comparing all with all', { uniqueItems: true }, '/schema/uniqueItems'],
    ['unknown keywords', { unevaluatedProperties: false }, '/schema/unevaluatedProperties'],
    ['unknown formats', { format: 'constructor' }, '/schema/format'],
    ['size', { enum: ['x'.repeat(70_000)] }, '/schema'],
    ['what is no schema', { type: 'price' }, '/schema'],
  ])('are refused for %s', async (_what, schema, pointer) => {
    await expect(put(schema, 'warn')).rejects.toMatchObject({ status: 422, errors: [{ pointer }] });
  });

  it('are refused when references multiply beyond bounds', async () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 12 }, (_, n) => [
        `d${n}`,
        n === 0 ? {} : { anyOf: [{ $ref: `#/$defs/d${n - 1}` }, { $ref: `#/$defs/d${n - 1}` }] },
      ]),
    );
    await expect(put({ $defs, $ref: '#/$defs/d11' }, 'warn')).rejects.toMatchObject({
      errors: expect.arrayContaining([expect.objectContaining({ code: 'too-large' })]),
    });
  });

  it('exist for what there is only', async () => {
    await expect(put({}, 'warn', 'traits', 'Bought')).rejects.toMatchObject({ status: 404 });
    await expect(put({}, 'warn', 'people')).rejects.toMatchObject({ status: 404 });
    await expect(schemas.get(workspaceId, 'events', 'Bought')).rejects.toMatchObject({ status: 404 });
  });
});
