import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ConsentSource, DEFAULT_DELIVERY, DeliveryWorkerModule } from '@percorso/delivery';
import { LaneDelivery, LanePump, ProviderGateway, UnknownResolver } from '@percorso/delivery';
import { startTestEngines, type TestEngines } from '@percorso/engines';
import { ManualClock, newId } from '@percorso/kernel';
import { type CampaignClassicTwin, startCampaignClassicTwin } from '@percorso/plugin-testkit';
import { Database, migrate } from '@percorso/storage';
import { SyncWorkerModule } from '../sync-worker.module';
import { ReplayWork } from '../replay/replay-work';
import { dueReplays } from '../replay/replay.store';
import { endSettledRuns } from '../run.store';
import { type HubOptions, ROOT_KEY, startSyncHub, type Workers } from './sync-hub';
import { type SyncUnderTest, SyncWorkspace } from './sync-workspace';

const LOGIN = { login: 'percorso', password: randomBytes(12).toString('hex') };

const MADE_UP =
  '{"email": profile.traits.email ? profile.traits.email : profile.identities.user_id[0] & "@" & audience.id & ".example"}';

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
    await migrate(engines.databaseUrl, engines.clickhouseUrl);
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

  /** A run of which every row was dropped for want of an address, which the mapping that is newest by now makes up. */
  async allDropped(members: number): Promise<{ workspace: SyncWorkspace; sync: SyncUnderTest; run: string }> {
    const workspace = await this.workspace(members);
    const sync = await workspace.sync();
    await this.database.tx(workspace.id, (tx) =>
      tx.query(`UPDATE profile SET traits = traits - 'email' WHERE workspace_id = $1`, [workspace.id]),
    );
    await workspace.change(Array.from({ length: members }, (_, index) => index + 1));
    const run = await this.runToEnd(workspace, sync);
    const mended = { expression: MADE_UP, required: ['email'] };
    await workspace.call('PUT', `/v1/mappings/${sync.mappingId}`, mended, { 'if-match': '"1"' });
    return { workspace, sync, run };
  }

  /** How often each record with a made-up address was written, by the campaign system's own account. */
  async writes({ audienceId }: SyncWorkspace): Promise<number[]> {
    const counts = new Map<string, number>();
    for (const { key } of await this.twin.journal()) {
      const email = String(key.email);
      if (email.includes(audienceId)) counts.set(email, (counts.get(email) ?? 0) + 1);
    }
    return [...counts.values()];
  }

  /** Takes every page that replays of a workspace want taken now, as the workers would. */
  async replay(workspace: SyncWorkspace): Promise<void> {
    const work = this.app.get(ReplayWork);
    for (let more = true; more;) {
      const due = await this.database.tx(workspace.id, (tx) => dueReplays(tx, this.clock.now()));
      more = await work.advanceAll(workspace.id, due);
    }
  }

  lanePump(gateway = this.app.get(ProviderGateway), options = DEFAULT_DELIVERY): LanePump {
    const consents = this.app.get(ConsentSource);
    const delivery = new LaneDelivery(this.database, gateway, consents, this.clock, options);
    const resolver = new UnknownResolver(this.database, gateway, this.clock, options);
    return new LanePump(gateway, delivery, resolver, options);
  }

  /** What another process needs to be a hub on the same engines. */
  get hubOptions(): HubOptions {
    return {
      databaseUrl: this.engines.databaseUrl,
      clickhouseUrl: this.engines.clickhouseUrl,
      redisUrl: this.engines.redisUrl,
      queuePrefix: this.queuePrefix,
      masterKeyFile: join(this.folder, 'master.json'),
    };
  }

  private hub(workers: Workers): Promise<NestFastifyApplication> {
    return startSyncHub({ ...this.hubOptions, clock: this.clock }, workers);
  }
}
