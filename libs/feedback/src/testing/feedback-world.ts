import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BullModule } from '@nestjs/bull';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AccessModule, serveModule } from '@percorso/access';
import { ConnectorModule } from '@percorso/connector';
import { DeliveryModule } from '@percorso/delivery';
import { startTestEngines, type TestEngines } from '@percorso/engines';
import { IdentityModule } from '@percorso/identity';
import { IngestModule } from '@percorso/ingest';
import { ManualClock, newId } from '@percorso/kernel';
import { type CampaignClassicTwin, startCampaignClassicTwin } from '@percorso/plugin-testkit';
import { ProfileModule, ProfileWorkerModule } from '@percorso/profile';
import { Database, migrate, StorageModule } from '@percorso/storage';
import { FeedbackModule } from '../feedback.module';
import type { HookLimits } from '../feedback.options';
import { FeedbackWorkspace } from './feedback-workspace';

const LOGIN = { login: 'percorso', password: randomBytes(12).toString('hex') };
const ROOT_KEY = 'root-key-of-the-feedback-specs-0123456789';
const PLUGINS = [join(__dirname, '..', '..', '..', '..', 'plugins'), join(__dirname, '..', '..', 'fixtures')];

/** For specs: feedback over HTTP on real engines, from events taken in to profiles; nobody is asked but by hand. */
export class FeedbackWorld {
  readonly clock = new ManualClock(new Date());
  app!: NestFastifyApplication;

  private constructor(
    readonly engines: TestEngines,
    readonly twin: CampaignClassicTwin,
    private readonly folder: string,
    private readonly hookLimits?: Partial<HookLimits>,
  ) {}

  static async start(hookLimits?: Partial<HookLimits>): Promise<FeedbackWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'percorso-feedback-'));
    const engines = await startTestEngines();
    await migrate(engines.databaseUrl, engines.clickhouseUrl);
    const twin = await startCampaignClassicTwin({ journal: join(folder, 'campaign.ndjson'), ...LOGIN });
    const world = new FeedbackWorld(engines, twin, folder, hookLimits);
    world.app = await world.hub();
    return world;
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

  workspace(): Promise<FeedbackWorkspace> {
    return FeedbackWorkspace.create(this.app, ROOT_KEY);
  }

  /** Settings of a connector to the twin. */
  campaign(): object {
    return { url: this.twin.url, ...LOGIN };
  }

  private async hub(): Promise<NestFastifyApplication> {
    const { databaseUrl, clickhouseUrl, redisUrl } = this.engines;
    const { hostname, port, password } = new URL(redisUrl);
    const module = await Test.createTestingModule({
      imports: [
        StorageModule.forRoot({ databaseUrl, clickhouseUrl, clock: this.clock }),
        BullModule.forRoot({
          prefix: `feedback-spec-${newId()}`,
          redis: { host: hostname, port: Number(port), password },
        }),
        AccessModule.forRoot({ rootKey: ROOT_KEY }),
        IngestModule,
        IdentityModule,
        ProfileModule,
        ProfileWorkerModule.forRoot(),
        ConnectorModule.forRoot({
          pluginDirectories: PLUGINS,
          masterKeyFile: join(this.folder, 'master.json'),
        }),
        DeliveryModule,
        FeedbackModule.forRoot({ publicUrl: 'https://hub.example', hookLimits: this.hookLimits }),
      ],
    }).compile();
    return serveModule(module);
  }
}
