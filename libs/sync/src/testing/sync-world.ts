import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BullModule } from '@nestjs/bull';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AccessModule, configureHttp, createHttpAdapter } from '@percorso/access';
import { ConnectorModule } from '@percorso/connector';
import { ConsentSource, DEFAULT_DELIVERY, DeliveryModule, DeliveryWorkerModule } from '@percorso/delivery';
import { LaneDelivery, LanePump, ProviderGateway, UnknownResolver } from '@percorso/delivery';
import { startTestEngines, type TestEngines } from '@percorso/engines';
import { ManualClock, newId } from '@percorso/kernel';
import { MappingModule } from '@percorso/mapping';
import { type CampaignClassicTwin, startCampaignClassicTwin } from '@percorso/plugin-testkit';
import { connectClickHouse, Database, migrate, StorageModule } from '@percorso/storage';
import { SyncWorkerModule } from '../sync-worker.module';
import { SyncModule } from '../sync.module';
import { endSettledRuns } from '../run.store';
import { type SyncUnderTest, SyncWorkspace } from './sync-workspace';

const LOGIN = { login: 'percorso', password: randomBytes(12).toString('hex') };
const ROOT_KEY = 'root-key-of-the-sync-specs-0123456789';

/** For specs: syncs over HTTP on real engines, to a twin of Adobe Campaign Classic through its real plugin. */
export class SyncWorld {
  /** Stands still; move it past what rests. */
  readonly clock = new ManualClock(new Date());
  /** The namespace of this world's queues in the Redis it shares. */
  readonly queuePrefix = `sync-spec-${newId()}`;
  /** The hub without workers: a spec plans and delivers by hand. */
  app!: NestFastifyApplication;

  private constructor(
    readonly engines: TestEngines,
    readonly twin: CampaignClassicTwin,
    private readonly folder: string,
  ) {}

  static async start(): Promise<SyncWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'percorso-sync-'));
    const engines = await startTestEngines();
    const clickhouse = connectClickHouse(engines.clickhouseUrl);
    await migrate(engines.databaseUrl, clickhouse);
    await clickhouse.close();
    const twin = await startCampaignClassicTwin({ journal: join(folder, 'campaign.ndjson'), ...LOGIN });
    const world = new SyncWorld(engines, twin, folder);
    world.app = await world.hub([]);
    return world;
  }

  /** A hub of its own with the workers that plan and deliver, on the same engines; close it when done. */
  startWorkers(): Promise<NestFastifyApplication> {
    return this.hub([SyncWorkerModule, DeliveryWorkerModule]);
  }

  async stop(): Promise<void> {
    await this.app?.close();
    await this.twin.stop();
    await this.engines.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get database(): Database {
    return this.app.get(Database);
  }

  /** A workspace of `persons` profiles that are members of nothing yet. */
  workspace(persons: number): Promise<SyncWorkspace> {
    const connector = {
      plugin: 'adobe-campaign-classic',
      name: 'Campaign',
      settings: { url: this.twin.url, ...LOGIN },
    };
    return SyncWorkspace.create(this.app, ROOT_KEY, connector, persons);
  }

  /** Delivers what is due and waits until the lane has nothing left to do now. */
  async deliver(workspaceId: string, connectorId: string): Promise<void> {
    const pump = this.lanePump();
    pump.wake(workspaceId, connectorId);
    await pump.settled();
  }

  /** One run on demand to its end; its id. */
  async runToEnd(workspace: SyncWorkspace, sync: SyncUnderTest): Promise<string> {
    const run = await workspace.startRun(sync);
    await this.finish(workspace, run);
    return run;
  }

  /** Plans and delivers a run that began, and ends it as the reconciler would. */
  async finish(workspace: SyncWorkspace, run: string): Promise<void> {
    await workspace.plan(run);
    await this.deliver(workspace.id, workspace.connectorId);
    await this.database.tx(workspace.id, (tx) => endSettledRuns(tx, this.clock.now()));
  }

  lanePump(): LanePump {
    const gateway = this.app.get(ProviderGateway);
    const options = DEFAULT_DELIVERY;
    const consents = this.app.get(ConsentSource);
    const delivery = new LaneDelivery(this.database, gateway, consents, this.clock, options);
    const resolver = new UnknownResolver(this.database, gateway, this.clock, options);
    return new LanePump(gateway, delivery, resolver, options);
  }

  private async hub(workers: (typeof SyncWorkerModule | typeof DeliveryWorkerModule)[]) {
    const { databaseUrl, clickhouseUrl, redisUrl } = this.engines;
    const { hostname, port, password } = new URL(redisUrl);
    const module = await Test.createTestingModule({
      imports: [
        StorageModule.forRoot({ databaseUrl, clickhouseUrl, clock: this.clock }),
        BullModule.forRoot({
          prefix: this.queuePrefix,
          redis: { host: hostname, port: Number(port), password },
        }),
        AccessModule.forRoot({ rootKey: ROOT_KEY }),
        MappingModule,
        ConnectorModule.forRoot({
          pluginDirectories: [join(__dirname, '..', '..', '..', '..', 'plugins')],
          masterKeyFile: join(this.folder, 'master.json'),
        }),
        DeliveryModule,
        SyncModule,
        ...workers,
      ],
    }).compile();
    const app = module.createNestApplication<NestFastifyApplication>(createHttpAdapter(), {
      bodyParser: false,
      logger: false,
    });
    configureHttp(app);
    await app.init();
    return app;
  }
}
