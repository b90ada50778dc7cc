import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axios, { AxiosInstance } from 'axios';
import { Client } from 'pg';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { newId } from '@percorso/kernel';
import { migrate } from '@percorso/storage';
import { startTestEngines, TestEngines } from '@percorso/engines';
import { BODIES, JOURNEY } from './access-matrix.bodies';
import { createHub } from './create-hub';
import { optionsOver } from './testing/options-over';
import { Route, routeTable } from './openapi/route-table';

interface Workspace {
  id: string;
  adminKey: string;
}

/** Every route, whatever feature it comes from, against every wrong caller. */
describe('who may call what', () => {
  const folder = mkdtempSync(join(tmpdir(), 'percorso-matrix-'));
  const ids: Record<string, string> = {};
  let engines: TestEngines;
  let owner: Client;
  let app: NestFastifyApplication;
  let url: string;
  let routes: Route[];
  let mine: Workspace;
  let theirs: Workspace;

  const http = (key?: string): AxiosInstance =>
    axios.create({
      baseURL: url,
      proxy: false,
      validateStatus: () => true,
      headers: { 'if-match': '*', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
    });

  beforeAll(async () => {
    engines = await startTestEngines();
    await migrate(engines.databaseUrl, engines.clickhouseUrl);
    const options = optionsOver(engines, folder);
    app = await createHub(options);
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
    routes = routeTable(app).filter(({ open }) => !open);
    owner = new Client({ connectionString: engines.databaseUrl });
    await owner.connect();
    const create = async (name: string): Promise<Workspace> =>
      (await http(options.rootKey).post('/v1/workspaces', { name })).data as Workspace;
    mine = await create('Mine');
    theirs = await create('Theirs');
    await fill();
  });

  afterAll(async () => {
    await owner?.end();
    await app?.close();
    await engines?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** One of everything in the workspace that is not the caller's. */
  async function fill(): Promise<void> {
    const admin = http(theirs.adminKey);
    ids.workspaces = theirs.id;
    ids['write-keys'] = (await admin.post('/v1/write-keys', { name: 'Web' })).data.id;
    ids['api-keys'] = (await admin.post('/v1/api-keys', { name: 'Tool', scopes: ['*'] })).data.id;
    await admin.post('/v1/namespaces', { code: 'loyalty', title: 'Card', uniqueness: 'many', priority: 5 });
    ids.namespaces = 'loyalty';
    ids.mappings = (await admin.post('/v1/mappings', { name: 'M', expression: '$' })).data.id;
    for (const name of [
      'audiences',
      'evaluations',
      'connectors',
      'syncs',
      'runs',
      'profiles',
      'merges',
      'quarantine',
      'erasures',
      'effects',
      'replays',
      'journeys',
      'instances',
      'simulations',
    ]) {
      ids[name] = newId();
    }
    const insert = (table: string, row: Record<string, unknown>): Promise<unknown> => {
      const all = { workspace_id: theirs.id, ...row };
      const values = Object.values(all);
      return owner.query(
        `INSERT INTO percorso.${table} (${Object.keys(all).join(', ')}) VALUES (${values.map((_, i) => `$${i + 1}`).join(', ')})`,
        values,
      );
    };
    const at = new Date();
    const made = { version: 1, created_at: at, updated_at: at };
    const { audiences, evaluations, connectors, mappings, syncs, runs, profiles, merges, quarantine } = ids;
    await insert('audience', { id: audiences, name: 'A', ...made });
    await insert('audience_definition', {
      audience_id: audiences,
      version: 1,
      definition: { version: 1, where: { event: { name: 'Bought' } } },
      created_at: at,
    });
    await insert('audience_schedule', { audience_id: audiences, rule: { cron: '0 6 * * *' }, ...made });
    await insert('evaluation', {
      id: evaluations,
      audience_id: audiences,
      definition_version: 1,
      state: 'done',
      created_at: at,
    });
    await insert('plugin', { id: 'texts', ...made });
    await insert('plugin_version', {
      created_at: at,
      updated_at: at,
      plugin_id: 'texts',
      version: '1.0.0',
      package: 'percorso-plugin-texts',
      source: 'upload',
      integrity: 'sha512-none',
      files_digest: 'none',
      tarball: Buffer.alloc(1),
      manifest: {
        id: 'texts',
        name: 'Texts',
        kind: 'campaign',
        api: '^1.2',
        capabilities: ['upsert'],
        egress: [],
      },
      main: 'index.js',
      state: 'waiting',
    });
    await insert('connector', { id: connectors, plugin_id: 'smtp', name: 'C', settings: {}, ...made });
    await insert('delivery_flow', { place: `connector:${connectors}`, host: 'api.example.com' });
    await insert('sync', {
      id: syncs,
      name: 'S',
      audience_id: audiences,
      connector_id: connectors,
      mapping_id: mappings,
      ...made,
    });
    await insert('sync_run', {
      id: runs,
      sync_id: syncs,
      state: 'done',
      mapping_version: 1,
      from_pos: 0,
      to_pos: 0,
      planned_pos: 0,
      created_at: at,
    });
    await insert('effect', {
      id: ids.effects,
      key: 'k',
      sync_id: syncs,
      connector_id: connectors,
      person: 1,
      profile_id: profiles,
      membership_version: 1,
      operation: 'upsert',
      state: 'unknown',
      due_at: 'infinity',
      created_at: at,
      updated_at: at,
    });
    ids['dead-letters'] = ids.effects!;
    await insert('replay', {
      id: ids.replays,
      chosen: {},
      state: 'paused',
      expected: 1,
      next_at: at,
      actor: 'root',
      created_at: at,
    });
    const { journeys, instances } = ids;
    await insert('journey', { id: journeys, name: 'J', ...made });
    await insert('journey_version', {
      journey_id: journeys,
      version: 1,
      definition: JOURNEY,
      created_at: at,
    });
    await insert('journey_instance', {
      id: instances,
      journey_id: journeys,
      version: 1,
      person: 1,
      profile_id: profiles,
      state: 'active',
      entry: { kind: 'api' },
      entered_at: at,
    });
    await insert('journey_simulation', {
      ...{
        id: ids.simulations,
        journey_id: journeys,
        version: 1,
        name: 'J',
        definition: JOURNEY,
        responses: {},
      },
      ...{ from_at: at, until_at: at, state: 'done', asked_by: 'root', asked_at: at, ended_at: at },
    });
    await insert('journey_simulation_instance', {
      ...{ simulation_id: ids.simulations, id: instances, person: 1, profile_id: profiles, state: 'ended' },
      ...{ entered_at: at, holdout: false, entry: { kind: 'api' }, context: {}, tokens: '[]', trace: '[]' },
    });
    await insert('identity_node', {
      node: 1,
      namespace: 'user_id',
      value: 'u1',
      home: 1,
      person: 1,
      first_seen: at,
    });
    await insert('profile_fragment', { home: 1, first_seen: at, last_seen: at });
    await insert('profile', { id: profiles, person: 1, ...made });
    await insert('merge', { id: merges, winner: 1, loser: 2, cause: {}, at });
    await insert('quarantine', {
      id: quarantine,
      partition: 0,
      pos: 1,
      received_at: at,
      source_id: 's',
      code: 'c',
      reason: 'r',
      pointer: '',
      payload: Buffer.from('{}'),
    });
    await insert('erasure', { id: ids.erasures, persons: [], nodes: [], requested_at: at });
    const schema = { schema: {}, policy: 'warn' };
    expect((await admin.put('/v1/schemas/events/Bought', schema)).status).toBe(200);
    const computed = { key: 'ltv', text: 'event("Bought").sum(revenue)' };
    expect((await admin.post('/v1/computed-traits', computed)).status).toBe(201);
    const suppressed = { channel: 'email', address: 'blocked@example.com', reason: 'manual' };
    expect((await admin.post('/v1/suppressions', suppressed)).status).toBe(201);
    const fresh = { headers: { 'if-match': '' } };
    const secret = { description: 'Ours.' };
    expect((await admin.put('/v1/labels/house:secret', secret, fresh)).status).toBe(200);
    const labels = ['house:secret'];
    expect((await admin.put('/v1/field-labels/traits.email', { labels }, fresh)).status).toBe(200);
    const policy = { actions: ['export'], labels, enabled: false };
    expect((await admin.put('/v1/usage-policies/ours', policy, fresh)).status).toBe(200);
    expect((await admin.put('/v1/lookups/product/items/sku-1', { category: 'shoes' })).status).toBe(200);
  }

  function pathOf({ path }: Route): string {
    const resource = path.split('/')[2] ?? '';
    return path
      .replace('{channel}/{address}', 'email/blocked@example.com')
      .replace('{kind}/{name}', 'events/Bought')
      .replace('{version}', '1')
      .replace('{name}/items', 'product/items')
      .replace('labels/{name}', 'labels/house:secret')
      .replace('{field}', 'traits.email')
      .replace('{host}', 'api.example.com')
      .replace('usage-policies/{name}', 'usage-policies/ours')
      .replace('{instanceId}', ids.instances!)
      .replace('{simulationId}', ids.simulations!)
      .replace('plugins/{pluginId}', 'plugins/texts')
      .replace('{version}', '1.0.0')
      .replace('computed-traits/{key}', 'computed-traits/ltv')
      .replace('{key}', 'sku-1')
      .replace(/\{(id|code)\}/, () => ids[resource] ?? newId());
  }

  const call = (route: Route, key?: string) =>
    http(key).request({
      method: route.method,
      url: pathOf(route),
      params: /\/(explain|why)$/.test(route.path)
        ? { profile: ids.profiles }
        : /\/comparison/.test(route.path)
          ? { with: ids.simulations }
          : {},
      ...(route.method === 'GET' || route.method === 'DELETE'
        ? {}
        : {
            data: BODIES[`${route.method} ${route.path}`] ?? {},
            headers: { 'content-type': 'application/json' },
          }),
    });

  const verdicts = async (key: string | undefined, chosen: Route[]): Promise<Record<string, number>> => {
    const found: Record<string, number> = {};
    for (const route of chosen) found[`${route.method} ${route.path}`] = (await call(route, key)).status;
    return found;
  };

  const all = (chosen: Route[], status: number): Record<string, number> =>
    Object.fromEntries(chosen.map(({ method, path }) => [`${method} ${path}`, status]));

  it('is a matrix over all routes', () => {
    expect(routes.length).toBeGreaterThan(50);
  });

  it('nobody without a key', async () => {
    expect(await verdicts(undefined, routes)).toEqual(all(routes, 401));
  });

  it('no key without the scope', async () => {
    const made = await http(mine.adminKey).post('/v1/api-keys', { name: 'Other', scopes: ['nothing:write'] });
    expect(await verdicts(made.data.key, routes)).toEqual(all(routes, 403));
  });

  it('no key that may only read, where something is written', async () => {
    const scopes = [...new Set(routes.flatMap((route) => route.scopes))].filter((scope) =>
      scope.endsWith(':read'),
    );
    const made = await http(mine.adminKey).post('/v1/api-keys', { name: 'Reader', scopes });
    const writing = routes.filter((route) => route.scopes.some((scope) => scope.endsWith(':write')));
    expect(await verdicts(made.data.key, writing)).toEqual(all(writing, 403));
  });

  it('no write key on any route but those that collect', async () => {
    const made = await http(mine.adminKey).post('/v1/write-keys', { name: 'Web' });
    const others = routes.filter(({ scopes }) => !scopes.includes('ingest:write'));
    expect(await verdicts(made.data.key, others)).toEqual(all(others, 403));
  });

  it('no key of a workspace where the operator alone may act', async () => {
    const instance = routes.filter(({ scopes }) => scopes.every((scope) => scope === 'instance'));
    expect(instance.length).toBeGreaterThan(0);
    expect(await verdicts(mine.adminKey, instance)).toEqual(all(instance, 403));
  });

  it('nobody in another workspace: its things are not there', async () => {
    // Who names a schema, a label, a policy or an item makes one of its own: what another workspace calls so is not touched.
    const giving = ({ path, method }: Route): boolean =>
      (method === 'PUT' && /^\/v1\/(schemas|labels|field-labels|usage-policies)\//.test(path)) ||
      (path.startsWith('/v1/lookups/') && ['PUT', 'POST'].includes(method));
    const named = routes.filter((route) => route.path.includes('{') && !giving(route));
    expect(named.length).toBeGreaterThan(25);
    expect(await verdicts(mine.adminKey, named)).toEqual(all(named, 404));
  });

  it('its owner finds everything still there', async () => {
    const readable = routes.filter(({ path, method }) => path.includes('{') && method === 'GET');
    const found = await verdicts(theirs.adminKey, readable);
    // Deltas need a cursor, and a dry run a connector whose settings work.
    const missing = Object.entries(found).filter(
      ([route, status]) => status >= 400 && !/\/(deltas|dry-run)$/.test(route),
    );
    expect(missing).toEqual([]);
  });

  it('nobody by another spelling of a path', async () => {
    const { hostname, port } = new URL(url);
    const raw = (method: string, path: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const socket = connect(Number(port), hostname, () =>
          socket.write(
            `${method} ${path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
          ),
        );
        let answer = '';
        socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
        socket.on('close', () => resolve(Number(answer.slice(9, 12))));
        socket.on('error', reject);
      });
    const passed: string[] = [];
    for (const route of routes) {
      const path = pathOf(route);
      const plain = await raw(route.method, path);
      const hex = `%${path.charCodeAt(4).toString(16)}`;
      const spellings: [string, number[]][] = [
        [`/v1/${hex}${path.slice(5)}`, [plain]],
        [`/${path}`, [404]],
        [`${path}/`, [404]],
        [path.replace('/v1', '/V1'), [404]],
        [`/x/..${path}`, [404]],
        [`${path};x`, [401, 404]],
        [`${path}?key=${theirs.adminKey}`, [plain]],
      ];
      for (const [spelling, expected] of spellings) {
        const status = await raw(route.method, spelling);
        if (status < 400 || !expected.includes(status)) passed.push(`${route.method} ${spelling} ${status}`);
      }
    }
    expect(passed).toEqual([]);
  });
});
