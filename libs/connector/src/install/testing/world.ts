import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AccessModule, KeyService, serveModule } from '@percorso/access';
import { startTestEngines, type TestEngines } from '@percorso/engines';
import { newId } from '@percorso/kernel';
import { Database, migrate, StorageModule } from '@percorso/storage';
import type { ConnectorOptions } from '../../connector-options';
import { ConnectorModule } from '../../connector.module';
import { PackageServer } from './packages';

export interface Answer {
  status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as JSON came
  body: any;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** Hubs that share one database, each with folders of its own, and the registry that they install from. */
export class PluginWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'percorso-install-'));
  readonly registry = new PackageServer();
  readonly hubs: NestFastifyApplication[] = [];
  private engines!: TestEngines;
  workspaceId!: string;
  key!: string;

  async start(): Promise<this> {
    [this.engines] = await Promise.all([startTestEngines(), this.registry.start()]);
    await migrate(this.engines.databaseUrl);
    const hub = await this.hub('first');
    ({ workspaceId: this.workspaceId, key: this.key } = await this.workspace(hub));
    return this;
  }

  /** Another process of the installation, as far as plugins go: it shares PostgreSQL and nothing else. */
  async hub(name: string, options: Partial<ConnectorOptions> = {}): Promise<NestFastifyApplication> {
    const { databaseUrl, clickhouseUrl } = this.engines;
    const module = await Test.createTestingModule({
      imports: [
        StorageModule.forRoot({ databaseUrl, clickhouseUrl }),
        AccessModule.forRoot(),
        ConnectorModule.forRoot({
          pluginDirectories: [],
          masterKeyFile: join(this.folder, 'master.json'),
          installDirectory: join(this.folder, name),
          pluginRegistry: this.registry.url,
          advisoryPlugins: true,
          ...options,
        }),
      ],
    }).compile();
    const app = await serveModule(module);
    this.hubs.push(app);
    return app;
  }

  async workspace(hub = this.hubs[0] as NestFastifyApplication, settings: object = {}) {
    const workspaceId = newId();
    const database = hub.get(Database);
    await database.control((tx) =>
      tx.query(
        `INSERT INTO workspace (id, name, settings, created_at, updated_at) VALUES ($1, 'W', $2, now(), now())`,
        [workspaceId, JSON.stringify(settings)],
      ),
    );
    const made = await database.tx(workspaceId, (tx) =>
      hub.get(KeyService).issue(tx, 'api', { name: 'test', scopes: ['*'] }, 'root'),
    );
    return { workspaceId, key: made.key };
  }

  async call(
    method: Method,
    url: string,
    payload?: object | Buffer,
    { hub = this.hubs[0] as NestFastifyApplication, key = this.key, type = 'application/json' } = {},
  ): Promise<Answer> {
    const headers = {
      authorization: `Bearer ${key}`,
      'if-match': '*',
      ...(payload === undefined ? {} : { 'content-type': type }),
    };
    const response = await hub.inject({ method, url, payload, headers });
    return { status: response.statusCode, body: response.body ? response.json() : undefined };
  }

  /** What was done to plugins, in order. */
  async audited(
    workspaceId = this.workspaceId,
  ): Promise<{ action: string; detail: Record<string, unknown> }[]> {
    const rows = await (this.hubs[0] as NestFastifyApplication)
      .get(Database)
      .statement<{ action: string; detail: Record<string, unknown> }>(
        workspaceId,
        `SELECT action, detail FROM audit WHERE workspace_id = $1 AND action LIKE 'plugin.%' ORDER BY id`,
        [workspaceId],
      );
    return rows;
  }

  async stop(): Promise<void> {
    for (const hub of this.hubs) await hub.close();
    await this.registry.stop();
    await this.engines?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
