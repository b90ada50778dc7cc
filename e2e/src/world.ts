import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { openContext, type StoryContext } from '@percorso/demo';
import { type Engines, startEngines } from '@percorso/engines';
import {
  type CampaignClassicTwin,
  type SmtpSink,
  startCampaignClassicTwin,
  startSmtpSink,
} from '@percorso/plugin-testkit';
import { type HubHandle, startHub } from './harness';
import { HubClock } from './hub-clock';

/** Everything a user story needs, as real processes: engines, a hub, and the receiving sides. */
export class World {
  hub!: HubHandle;
  readonly rootKey = randomBytes(24).toString('base64url');
  /** Business time, where this world has its own. */
  readonly clock: HubClock;

  private constructor(
    readonly folder: string,
    readonly engines: Engines,
    readonly twin: CampaignClassicTwin,
    readonly sink: SmtpSink,
    readonly twinLogin: { login: string; password: string },
    private readonly ownTime: boolean,
  ) {
    this.clock = new HubClock(join(folder, 'ahead'));
  }

  /** @param ownTime whether its hubs go by `clock`, which the story moves */
  static async start(env: NodeJS.ProcessEnv = {}, { ownTime = false } = {}): Promise<World> {
    // A path with a space: paths reach processes, sockets and permission flags.
    const folder = mkdtempSync(join(tmpdir(), 'percorso e2e-'));
    const twinLogin = { login: 'percorso', password: randomBytes(12).toString('hex') };
    const [engines, twin, sink] = await Promise.all([
      startEngines({ dataDir: join(folder, 'data') }),
      startCampaignClassicTwin({ journal: join(folder, 'campaign.ndjson'), ...twinLogin }),
      startSmtpSink({ journal: join(folder, 'mail.ndjson') }),
    ]);
    const world = new World(folder, engines, twin, sink, twinLogin, ownTime);
    await world.startHub(env);
    return world;
  }

  /** The first hub of this world, or one in the place of that which was killed. */
  async startHub(env: NodeJS.ProcessEnv = {}): Promise<void> {
    if (this.hub) return this.hub.restart(env);
    this.hub = await startHub({
      engines: this.engines,
      dataDir: join(this.folder, 'data'),
      ...(this.ownTime && { clock: this.clock }),
      env: { PERCORSO_ROOT_KEY: this.rootKey, ...env },
    });
  }

  /** SIGKILL the hub, as a crash would; `startHub` is then what a supervisor does. */
  async killHub(): Promise<void> {
    await this.hub.kill('SIGKILL');
  }

  /** A fresh workspace with `customers` customers made from `seed`. */
  workspace(
    customers: number,
    seed = 7,
    say: (line: string) => void = () => undefined,
  ): Promise<StoryContext> {
    return openContext({
      hubUrl: this.hub.url,
      rootKey: this.rootKey,
      databaseUrl: this.engines.databaseUrl,
      twin: this.twin,
      twinLogin: this.twinLogin,
      sink: this.sink,
      customers,
      seed,
      say,
    });
  }

  /** Read PostgreSQL past the hub, as its owner. */
  async sql<R extends object>(text: string, values: unknown[] = []): Promise<R[]> {
    const client = new Client({ connectionString: this.engines.databaseUrl });
    await client.connect();
    try {
      return (await client.query(text, values)).rows as R[];
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    await this.hub?.stop();
    await Promise.all([this.twin.stop(), this.sink.stop()]);
    await this.engines.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
