import { startTestEngines, type TestEngines } from '@percorso/engines';
import { ExportWorld } from './export-world';

describe('exports under usage policies', () => {
  let engines: TestEngines;
  let world: ExportWorld;
  let audience: string;

  beforeAll(async () => {
    engines = await startTestEngines();
    world = await ExportWorld.start(engines);
  }, 120_000);
  afterAll(async () => {
    await world?.stop();
    await engines?.stop();
  });
  beforeEach(async () => {
    await world.newWorkspace(5);
    audience = await world.newAudience(5);
    await world.evaluate(audience);
  });

  const label = async (field: string, labels: string[]): Promise<void> => {
    expect((await world.call('PUT', `/v1/field-labels/${field}`, { body: { labels } })).status).toBe(200);
  };
  const members = (fields: string, more = '') =>
    world.call('GET', `/v1/audiences/${audience}/members?fields=${fields}${more}`);

  it('hand out no field that is kept from third parties, in no format, and say which', async () => {
    await label('identities.email', ['contract:no-third-party']);
    for (const format of ['json', 'ndjson', 'csv']) {
      const { status, text } = await members('traits.x,identities.email', `&format=${format}`);
      expect([status, JSON.parse(text)]).toMatchObject([
        403,
        {
          code: 'usage-policy',
          errors: [
            { pointer: 'fields', message: expect.stringMatching(/identities\.email .*no-third-party/) },
          ],
        },
      ]);
      expect(text).not.toContain('@x.it');
    }
    expect((await members('traits.x')).status).toBe(200);
    await label('traits.address.city', ['contract:no-export']);
    expect((await members('traits.address')).status).toBe(403);
    expect((await members('traits.address.city.name')).status).toBe(403);
    expect((await members('traits.address.street')).status).toBe(200);
  });

  it('hand out nobody who is chosen by what is kept from third parties', async () => {
    const { body } = await members('traits.x');
    await label('traits.n', ['sensitive:health']);
    expect((await members('traits.x')).body).toMatchObject({
      code: 'usage-policy',
      errors: [{ pointer: 'id' }],
    });
    const deltas = await world.call('GET', String(body.deltaLink));
    expect(deltas.body).toMatchObject({ code: 'usage-policy' });
  });

  it('stop where they are when a field is labelled meanwhile', async () => {
    const first = await members('traits.n', '&pageSize=2');
    expect(first.body.value).toHaveLength(2);
    await label('traits.n', ['contract:no-export']);
    const next = await world.call('GET', String(first.body.nextLink));
    expect([next.status, next.body.code]).toEqual([403, 'usage-policy']);
    expect(next.text).not.toContain('value');
  });
});
