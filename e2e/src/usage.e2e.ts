import { admin, type HubHandle, releaseEngines, startHub, waitFor } from './harness';

interface Sync {
  id: string;
  usageViolations: { field: string; policy: string; pointer: string; position?: number }[];
}

const NEW = { headers: { 'if-match': '' } };
const EXPRESSION = '{"email": profile.identities.email[0]}';

describe('an admin who labels fields', () => {
  let hub: HubHandle;
  let key: string;
  let audience: string;
  let connector: string;
  let mapping: string;

  beforeAll(async () => {
    hub = await startHub();
    key = (await admin(hub.url, hub.rootKey).post<{ adminKey: string }>('/v1/workspaces', { name: 'Shop' }))
      .adminKey;
    const made = async (path: string, body: object): Promise<string> =>
      (await api().post<{ id: string }>(path, body)).id;
    const definition = { version: 1, where: { event: { name: 'Bought' } } };
    audience = await made('/v1/audiences', { name: 'A', definition });
    connector = await made('/v1/connectors', {
      plugin: 'adobe-campaign-classic',
      name: 'Campaign',
      settings: { url: 'https://campaign.example.com', login: 'percorso', password: 'secret' },
    });
    mapping = await made('/v1/mappings', { name: 'M', expression: EXPRESSION });
  });
  afterAll(async () => {
    await hub?.stop();
    await releaseEngines();
  });

  const api = () => admin(hub.url, key);
  const put = (path: string, body: object, ifMatch?: string) =>
    api().http.put(path, body, ifMatch === undefined ? NEW : { headers: { 'if-match': ifMatch } });
  const createSync = () =>
    api().http.post('/v1/syncs', {
      name: 'S',
      audienceId: audience,
      connectorId: connector,
      mappingId: mapping,
    });

  it.each<[string, object, string, string]>([
    ['/v1/field-labels/traits.email', { labels: ['directly-identifyng'] }, '/labels/0', 'unknown-label'],
    ['/v1/field-labels/traits.email', { labels: [] }, '/labels', 'array-not-empty'],
    ['/v1/field-labels/email', { labels: ['sensitive:health'] }, 'field', 'field'],
    ['/v1/labels/Very%20secret', { description: 'x' }, 'name', 'name'],
    ['/v1/usage-policies/mine', { labels: ['sensitive:health'] }, '/actions', 'required'],
    ['/v1/usage-policies/mine', { labels: ['secret'], actions: ['export'] }, '/labels/0', 'unknown-label'],
    ['/v1/usage-policies/mine', { labels: ['sensitive:health'], actions: ['sell'] }, '/actions', 'is-in'],
    ['/v1/usage-policies/no-export', { labels: ['sensitive:health'] }, '/labels', 'standard'],
  ])('is told what is wrong at %s with %j', async (path, body, pointer, code) => {
    const { status, data } = await put(path, body);
    expect([status, data.errors[0]]).toMatchObject([422, { pointer, code }]);
  });

  it('edits by version, and finds what there is', async () => {
    const own = '/v1/labels/house:secret';
    expect((await put(own, { description: 'Ours.' })).headers.etag).toBe('"1"');
    expect((await put(own, { description: 'Ours alone.' })).status).toBe(428);
    expect((await put(own, { description: 'Ours alone.' }, '"1"')).headers.etag).toBe('"2"');
    const { data: labels } = await api().get<{ data: { name: string; standard: boolean }[] }>('/v1/labels');
    expect(labels.filter(({ standard }) => !standard)).toMatchObject([
      { name: 'house:secret', description: 'Ours alone.' },
    ]);
    expect((await put('/v1/labels/sensitive:health', { description: 'x' })).data.code).toBe('standard');
    expect(
      (await api().http.delete('/v1/usage-policies/no-export', { headers: { 'if-match': '*' } })).data.code,
    ).toBe('standard');
    await api().remove(own, 2);

    const policy = '/v1/usage-policies/no-export';
    expect((await api().http.get(policy)).data).toMatchObject({ enabled: true, standard: true, version: 0 });
    expect((await put(policy, { enabled: false })).status).toBe(428);
    expect((await put(policy, { enabled: false }, '"nonsense"')).status).toBe(412);
    expect((await put(policy, { enabled: false }, '"0"')).data).toMatchObject({ enabled: false, version: 1 });
    expect((await put(policy, { enabled: true }, '"1"')).data).toMatchObject({ enabled: true, version: 2 });
  });

  it('sees a sync told and stopped, exports refused, and both free again', async () => {
    const { data: sync } = await createSync();
    const read = () => api().get<Sync>(`/v1/syncs/${sync.id}`);
    expect(sync.usageViolations).toEqual([]);
    const labelled = await put('/v1/field-labels/identities.email', { labels: ['contract:no-third-party'] });
    expect(labelled.status).toBe(200);
    const { usageViolations } = await waitFor(
      async () => {
        const now = await read();
        return now.usageViolations.length > 0 && now;
      },
      { what: 'the sync to be told' },
    );
    expect(usageViolations).toEqual([
      {
        field: 'identities.email',
        labels: ['contract:no-third-party'],
        policy: 'no-third-party',
        actions: ['third-party'],
        pointer: '/mapping',
        position: EXPRESSION.indexOf('[0]'),
      },
    ]);
    const refused = await api().http.post(`/v1/syncs/${sync.id}/run`);
    expect([refused.status, refused.data.code]).toEqual([409, 'usage-policy']);
    expect((await createSync()).status).toBe(422);
    const members = `/v1/audiences/${audience}/members?fields=identities.email`;
    expect((await api().http.get(members)).status).toBe(403);

    await api().remove('/v1/field-labels/identities.email', 1);
    await waitFor(async () => (await read()).usageViolations.length === 0, { what: 'the sync to be free' });
    expect((await api().http.get(members)).status).toBe(200);
    expect((await api().http.post(`/v1/syncs/${sync.id}/run`)).status).toBe(202);
  });
});
