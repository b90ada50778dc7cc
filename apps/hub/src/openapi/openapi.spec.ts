import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { startTestEngines, type TestEngines } from '@percorso/engines';
import type { RouteOptions } from 'fastify';
import { createHub } from '../create-hub';
import { ANSWERS } from './answers';
import { openApiDocument } from './document';
import { offlineOptions } from './offline-options';
import { Route, routeTable } from './route-table';

interface Operation {
  operationId: string;
  summary?: string;
  security?: object[];
  responses: Record<
    string,
    { description?: string; $ref?: string; content?: Record<string, { schema?: object }> }
  >;
  requestBody?: { content: Record<string, { schema?: object }> };
  parameters?: { name: string; in: string }[];
  'x-scopes'?: string[];
}

/** Served beside the API: the document itself and its reader. */
const ABOUT = /^\/(docs|openapi\.json)/;
const KEPT = join(__dirname, '..', '..', '..', '..', 'docs', 'openapi.json');

describe('the OpenAPI document', () => {
  const folder = mkdtempSync(join(tmpdir(), 'percorso-openapi-'));
  const served: { method: string; path: string }[] = [];
  let engines: TestEngines;
  let app: NestFastifyApplication;
  let document: ReturnType<typeof openApiDocument>;
  let routes: Route[];
  let operations: (Route & { operation: Operation | undefined })[];

  beforeAll(async () => {
    engines = await startTestEngines();
    // Asked for nothing; but connections to where there is none take their time to end, longer than jest lets a worker live.
    app = await createHub({ ...offlineOptions(folder), redisUrl: engines.redisUrl });
    const fastify = app.getHttpAdapter().getInstance();
    fastify.addHook('onRoute', ({ method, url }: RouteOptions) => {
      for (const verb of [method].flat()) served.push({ method: verb, path: url.replace(/:(\w+)/g, '{$1}') });
    });
    document = openApiDocument(app);
    routes = routeTable(app);
    const paths = document.paths as unknown as Record<string, Record<string, Operation> | undefined>;
    operations = routes.map((route) => ({
      ...route,
      operation: paths[route.path]?.[route.method.toLowerCase()],
    }));
  });

  afterAll(async () => {
    await app?.close();
    await engines?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const named = (found: { method: string; path: string }[]): string[] =>
    [...new Set(found.map(({ method, path }) => `${method} ${path}`))].sort();

  it('is OpenAPI 3.1 with the three kinds of key', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(Object.keys(document.components?.securitySchemes ?? {}).sort()).toEqual([
      'apiKey',
      'rootKey',
      'writeKey',
    ]);
  });

  it('has exactly the routes that are served', async () => {
    // Nest registers its routes, as far as Fastify is concerned, only now; no engine is asked for that.
    await app.init().catch(() => undefined);
    const real = served.filter(({ method, path }) => method !== 'HEAD' && !ABOUT.test(path));
    expect(real.length).toBeGreaterThan(50);
    const documented = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item as object).map((method) => ({ method: method.toUpperCase(), path })),
    );
    expect(named(documented)).toEqual(named(real));
    expect(named(routes)).toEqual(named(real));
  });

  it('knows who may call every route', () => {
    const unguarded = routes.filter(({ open, scopes }) => !open && scopes.length === 0);
    expect(named(unguarded)).toEqual([]);
    for (const { scopes } of routes) {
      for (const scope of scopes) expect(scope).toMatch(/^(instance|[a-z-]+:(read|write))$/);
    }
    for (const { open, operation, scopes } of operations) {
      expect(operation?.security?.length === 0).toBe(open);
      expect(operation?.['x-scopes'] ?? []).toEqual(scopes);
    }
  });

  it('opens only what is meant to be open', () => {
    const open = routes.filter((route) => route.open && route.method !== 'OPTIONS');
    expect(named(open)).toEqual([
      'GET /health/live',
      'GET /health/ready',
      'GET /metrics',
      'GET /v1/projects/{key}/settings',
      'POST /v1/hooks/{token}',
    ]);
  });

  it('reads with read scopes and writes with write scopes', () => {
    const wrong = routes.filter(({ method, scopes, path, open }) => {
      const looksOnly = method === 'GET' || /\/(preview|validate)$/.test(path);
      const writes = scopes.some(
        (scope) => scope.endsWith(':write') || (scope === 'instance' && scopes.length === 1),
      );
      return !open && path !== '/v1/workspaces' && writes === looksOnly;
    });
    expect(named(wrong)).toEqual([]);
  });

  it('describes a success schema for every operation', () => {
    const lacking = operations.filter(({ operation }) => {
      const successes = Object.entries(operation?.responses ?? {}).filter(([status]) => /^2/.test(status));
      const described = successes.every(
        ([status, { description, content }]) =>
          description &&
          (status === '204' ||
            Object.values(content ?? {}).some(({ schema }) => Object.keys(schema ?? {}).length > 0)),
      );
      return successes.length === 0 || !described;
    });
    expect(named(lacking)).toEqual([]);
  });

  it('is helped out only where there is a route', () => {
    expect(named(routes)).toEqual(expect.arrayContaining(Object.keys(ANSWERS)));
  });

  it('describes problems for every guarded operation, and bodies where there are any', () => {
    for (const { operation, open, path, method } of operations) {
      if (open) continue;
      const statuses = Object.keys(operation?.responses ?? {});
      expect({ path, method, statuses }).toEqual({
        path,
        method,
        statuses: expect.arrayContaining(['400', '401', '403', '404', '422', '429', '503']),
      });
    }
    const patches = operations.filter(({ method }) => method === 'PATCH' || method === 'PUT');
    expect(named(patches.filter(({ operation }) => !operation?.requestBody))).toEqual([]);
    expect(patches.length).toBeGreaterThan(3);
  });

  it('has no reference that leads nowhere and no operation twice', () => {
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)];
    const components = document.components as unknown as Record<string, Record<string, unknown>>;
    const dangling = references.filter(([, kind = '', name = '']) => components[kind]?.[name] === undefined);
    expect([...new Set(dangling.map(([whole]) => whole))]).toEqual([]);
    const ids = operations.map(({ operation }) => operation?.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(text).not.toContain('"nullable"');
  });

  it('stands in docs/openapi.json; `npm run openapi` writes it', () => {
    expect(existsSync(KEPT)).toBe(true);
    expect(JSON.parse(readFileSync(KEPT, 'utf8'))).toEqual(JSON.parse(JSON.stringify(document)));
  });
});
