import { IdentityResolver, insertDefaultNamespaces } from '@percorso/identity';
import { IngestLog } from '@percorso/ingest';
import { ManualClock, newId } from '@percorso/kernel';
import { Database, migrate, Shards } from '@percorso/storage';
import { Applier } from './applier';
import { BatchApplier } from './apply-batch';
import { EventArchive } from './archive/event-archive';
import { EventPages } from './archive/event-pages';
import { ClickHouseWriter } from './clickhouse.writer';
import { LoadGate } from './load-gate';
import { Eraser } from './erasure/eraser';
import { ErasurePlace } from './erasure/erasure-place';
import { ErasureService } from './erasure/erasure.service';
import { IdempotencyPlace } from './erasure/idempotency.place';
import { LogPlace } from './erasure/log.place';
import { QuarantinePlace } from './erasure/quarantine.place';
import { Loader } from './loader';
import { LogReader } from './log-reader';
import { MergePolicyService } from './merge-policy/merge-policy.service';
import { PolicyRollout } from './merge-policy/policy-rollout';
import { ProfileTraitsQueries } from './merge-policy/profile-traits.queries';
import { PersonHook } from './person-hooks';
import { ProfileQueries } from './profile.queries';
import { ProfileReader } from './profile.reader';
import { ProfileService } from './profile.service';
import { Mover } from './shard/mover';

/** The lib's parts over real engines, and a log to write to. For specs. */
export class ProfileFixture {
  readonly clock = new ManualClock(new Date('2026-03-01T12:00:00.000Z'));
  readonly hooks: PersonHook[] = [];
  readonly applier: Applier;
  readonly writer: ClickHouseWriter;
  readonly loader: Loader;
  readonly gate: LoadGate;
  readonly archive: EventArchive;
  readonly pages: EventPages;
  readonly queries: ProfileQueries;
  readonly reader = new ProfileReader();
  readonly places: ErasurePlace[] = [
    new LogPlace(new IngestLog()),
    new QuarantinePlace(),
    new IdempotencyPlace(),
  ];
  readonly erasures: ErasureService;
  readonly profiles: ProfileService;
  readonly policies: MergePolicyService;
  readonly rollout: PolicyRollout;
  readonly traits: ProfileTraitsQueries;

  private constructor(
    readonly database: Database,
    readonly shards: Shards,
  ) {
    this.applier = this.newApplier();
    this.writer = new ClickHouseWriter(shards);
    this.loader = new Loader(database, this.writer, new Mover(database, shards), this.clock);
    this.gate = new LoadGate(this.loader);
    this.archive = new EventArchive(shards);
    this.pages = new EventPages(this.archive);
    this.queries = new ProfileQueries(database, this.pages);
    this.erasures = new ErasureService(database, this.clock, this.hooks, this.places);
    this.profiles = new ProfileService(database, this.clock, this.hooks, this.erasures);
    this.policies = new MergePolicyService(database, this.clock);
    this.rollout = this.newRollout();
    this.traits = new ProfileTraitsQueries(database);
  }

  static async over(urls: {
    databaseUrl: string;
    clickhouseUrl: string | readonly string[];
  }): Promise<ProfileFixture> {
    const shards = Shards.connect([urls.clickhouseUrl].flat());
    await migrate(urls.databaseUrl, shards);
    return new ProfileFixture(new Database({ url: urls.databaseUrl }), shards);
  }

  newApplier(): Applier {
    const batches = new BatchApplier(new IdentityResolver(), this.hooks);
    return new Applier(this.database, new LogReader(new IngestLog()), batches, this.clock);
  }

  newRollout(): PolicyRollout {
    return new PolicyRollout(this.database, this.clock, this.hooks);
  }

  /** Carry out what erasures wait for, ClickHouse too; gives up on what waits for something else. */
  async erase(
    workspaceId: string,
    eraser = new Eraser(this.database, this.clock, this.places),
  ): Promise<void> {
    while (await eraser.turn(workspaceId));
    while (!(await this.loader.turn(workspaceId))?.complete);
  }

  async close(): Promise<void> {
    await this.database.close();
    await this.shards.close();
  }

  async workspace(): Promise<string> {
    const id = newId();
    await this.database.tx(id, async (tx) => {
      await tx.query(
        `INSERT INTO workspace (id, name, created_at, updated_at) VALUES ($1, 'spec', now(), now())`,
        [id],
      );
      await insertDefaultNamespaces(tx, this.clock.now());
    });
    return id;
  }

  /** Append items to the log as one accepted request. */
  async accept(workspaceId: string, items: readonly object[], source = 'web'): Promise<void> {
    await this.database.tx(workspaceId, async (tx) => {
      const { rows } = await tx.query<{ head: string }>(
        `INSERT INTO ingest_head AS h (workspace_id, head) VALUES ($1, $2)
         ON CONFLICT (workspace_id, partition) DO UPDATE SET head = h.head + excluded.head RETURNING head`,
        [workspaceId, items.length],
      );
      await tx.query(
        `INSERT INTO ingest_log (workspace_id, pos, count, received_at, source_id, payload)
         VALUES ($1, $2, $3, $4, $6, $5)`,
        [
          workspaceId,
          Number(rows[0]!.head) - items.length + 1,
          items.length,
          this.clock.now(),
          Buffer.from(JSON.stringify(items)),
          source,
        ],
      );
    });
  }

  /** Apply all that waits. */
  async apply(workspaceId: string, applier = this.applier): Promise<void> {
    while ((await applier.turn(workspaceId, 0)) > 0);
  }

  /** Accept and apply. */
  async say(workspaceId: string, ...items: object[]): Promise<void> {
    await this.accept(workspaceId, items);
    await this.apply(workspaceId);
  }

  /** Keys that may be ranked, called by their ids. */
  async sources(workspaceId: string, ...ids: string[]): Promise<void> {
    await this.database.tx(workspaceId, (tx) =>
      tx.query(
        `INSERT INTO access_key (workspace_id, id, kind, name, hash, created_at)
         SELECT $1::uuid, $1::uuid || id, 'write', id, '', $3 FROM unnest($2::text[]) AS id`,
        [workspaceId, ids, this.clock.now()],
      ),
    );
  }

  async head(workspaceId: string): Promise<Record<string, number>> {
    const { rows } = await this.database.tx(workspaceId, (tx) =>
      tx.query<Record<string, string>>(
        'SELECT head, applied, loaded, accepted, duplicates, quarantined FROM ingest_head WHERE workspace_id = $1',
        [workspaceId],
      ),
    );
    return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([key, value]) => [key, Number(value)]));
  }

  /** Rows of a ClickHouse query on every shard; `{w}` stands for the workspace. */
  async inClickHouse<T>(workspaceId: string, query: string): Promise<T[]> {
    const parts = await this.shards.each(async (client) => {
      const answer = await client.query({
        query: query.replaceAll('{w}', `'${workspaceId}'`),
        format: 'JSONEachRow',
      });
      return answer.json<T>();
    });
    return parts.flat();
  }
}
