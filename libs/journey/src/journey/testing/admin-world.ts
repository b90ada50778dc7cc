import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BullModule } from '@nestjs/bull';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AccessModule, serveModule } from '@percorso/access';
import { ConnectorModule } from '@percorso/connector';
import { startTestEngines, type TestEngines } from '@percorso/engines';
import { ManualClock, newId } from '@percorso/kernel';
import { MappingModule } from '@percorso/mapping';
import { Database, migrate, StorageModule } from '@percorso/storage';
import { JourneyModule } from '../../journey.module';

const ROOT_KEY = 'root-key-of-the-journey-specs-0123456789';

export interface Reply {
  status: number;
  body: { id: string; code: string; version: number; errors: { pointer: string; code: string }[] } & Record<
    string,
    unknown
  >;
  headers: Record<string, unknown>;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** For specs: the admin side of journeys over HTTP, on real engines. */
export class AdminWorld {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly clock: ManualClock,
    private readonly engines: TestEngines,
    private readonly folder: string,
  ) {}

  static async start(): Promise<AdminWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'percorso-journey-'));
    const engines = await startTestEngines();
    const { databaseUrl, clickhouseUrl, redisUrl } = engines;
    await migrate(databaseUrl, clickhouseUrl);
    const clock = new ManualClock(new Date('2026-06-15T12:00:00Z'));
    const { hostname, port, password } = new URL(redisUrl);
    const module = await Test.createTestingModule({
      imports: [
        StorageModule.forRoot({ databaseUrl, clickhouseUrl, clock }),
        BullModule.forRoot({
          prefix: `journey-spec-${newId()}`,
          redis: { host: hostname, port: Number(port), password },
        }),
        AccessModule.forRoot({ rootKey: ROOT_KEY }),
        MappingModule,
        ConnectorModule.forRoot({
          pluginDirectories: [join(__dirname, '..', '..', '..', '..', '..', 'plugins')],
          masterKeyFile: join(folder, 'master.key'),
        }),
        JourneyModule,
      ],
    }).compile();
    const app = await serveModule(module);
    return new AdminWorld(app, clock, engines, folder);
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.engines.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async workspace(): Promise<AdminWorkspace> {
    const made = await call(this.app, ROOT_KEY, 'POST', '/v1/workspaces', { name: 'Shop' });
    return new AdminWorkspace(this.app, made.body.id, String(made.body.adminKey));
  }
}

/** One workspace, as its admin uses it. */
export class AdminWorkspace {
  constructor(
    private readonly app: NestFastifyApplication,
    readonly id: string,
    private readonly key: string,
  ) {}

  get database(): Database {
    return this.app.get(Database);
  }

  call(method: Method, url: string, body?: object, headers: object = {}): Promise<Reply> {
    return call(this.app, this.key, method, url, body, headers);
  }

  /** Whatever version there is. */
  change(method: Method, url: string, body: object = {}): Promise<Reply> {
    return this.call(method, url, body, { 'if-match': '*' });
  }

  async audience(name: string, definition: object): Promise<string> {
    return this.made('/v1/audiences', { name, definition });
  }

  /** Made without asking its plugin, which no spec here calls. */
  async connector(name: string, plugin = 'smtp'): Promise<string> {
    const id = newId();
    await this.query(
      `INSERT INTO connector (workspace_id, id, plugin_id, name, settings, created_at, updated_at)
       VALUES ($1, $2, $3, $4, '{}', now(), now())`,
      [id, plugin, name],
    );
    return id;
  }

  journey(definition: object, name = 'J'): Promise<string> {
    return this.made('/v1/journeys', { name, definition });
  }

  async profiles(count: number, tester: (n: number) => boolean = () => false): Promise<string[]> {
    const ids: string[] = [];
    for (let n = 1; n <= count; n++) {
      const id = newId();
      ids.push(id);
      const stamp = { source: 's', at: '2026-01-01T00:00:00Z', partition: 0, pos: 1 };
      await this.query(
        `INSERT INTO profile (workspace_id, person, id, traits, consent, created_at, updated_at)
         VALUES ($1, $2, $3, $4, '{}', now(), now())`,
        [n, id, JSON.stringify({ tester: { value: tester(n), ...stamp } })],
      );
    }
    return ids;
  }

  /** Somebody on the way, as the runtime would have left it. */
  async inside(journeyId: string, version: number, person: number, tokens: object[]): Promise<string> {
    const id = newId();
    await this.query(
      `INSERT INTO journey_instance (workspace_id, id, journey_id, version, person, profile_id, state, entered_at, entry, tokens)
       VALUES ($1, $2, $3, $4, $5, $6, 'active', '2026-06-15T11:00:00Z', '{"kind": "api"}', $7)`,
      [id, journeyId, version, person, newId(), JSON.stringify(tokens)],
    );
    return id;
  }

  /** `$1` is the workspace. */
  query<R extends object>(text: string, values: unknown[] = []): Promise<R[]> {
    return this.database.tx(this.id, async (tx) => (await tx.query<R>(text, [this.id, ...values])).rows);
  }

  private async made(url: string, body: object): Promise<string> {
    const reply = await this.call('POST', url, body);
    if (reply.status !== 201) throw new RangeError(`${url}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body.id;
  }
}

async function call(
  app: NestFastifyApplication,
  key: string,
  method: Method,
  url: string,
  payload?: object,
  headers: object = {},
): Promise<Reply> {
  const all = { authorization: `Bearer ${key}`, ...headers };
  const response = await app.inject({ method, url, payload, headers: all });
  const body = (response.body ? response.json() : {}) as Reply['body'];
  return { status: response.statusCode, body, headers: response.headers };
}
