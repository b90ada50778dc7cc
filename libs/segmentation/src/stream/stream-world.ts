import { Readable } from 'node:stream';
import { BullModule } from '@nestjs/bull';
import { Test, type TestingModule } from '@nestjs/testing';
import { AccessModule, type Row, rowsOf } from '@percorso/access';
import { insertDefaultNamespaces } from '@percorso/identity';
import { IngestModule, IngestWriter } from '@percorso/ingest';
import { ManualClock, newId, Problem } from '@percorso/kernel';
import {
  Applier,
  EventArchiver,
  Loader,
  LoadGate,
  MergePolicyService,
  PolicyRollout,
  ProfileService,
  ProfileWorkerModule,
} from '@percorso/profile';
import { Database, migrate, Shards, StorageModule } from '@percorso/storage';
import { AudienceService } from '../audience/audience.service';
import { parseDefinition } from '../definition/parse-definition';
import { resolveAudiences } from '../definition/resolve-audiences';
import { EvaluationService } from '../evaluation/evaluation.service';
import type { EvaluationRow } from '../evaluation/evaluation.store';
import { Evaluator } from '../evaluation/evaluator';
import { findMembers } from '../evaluation/find-members';
import type { ImportView } from '../import/import.dto';
import { ImportService } from '../import/import.service';
import { LookupService } from '../lookup/lookup.service';
import { MembershipLog, type MembershipDelta } from '../membership/membership-log';
import { MembershipStore } from '../membership/membership.store';
import { Sequencer } from '../membership/sequencer';
import { SegmentationModule } from '../segmentation.module';
import { PersonCaches } from './person-caches';
import type { PersonState } from './person-state';
import { PlanLoader } from './plan-loader';
import { StreamCursorStore } from './stream-cursor.store';
import { StreamEvaluator } from './stream-evaluator';
import { Sweeper } from './sweeper';

/** For specs: everything from the ingest log to memberships on real engines, moved by hand. */
export class StreamWorld {
  readonly clock: ManualClock;
  workspaceId = '';
  /** Who says what is accepted. */
  source = 'web';
  private tracked = 0;

  private constructor(
    private readonly module: TestingModule,
    clock: ManualClock,
  ) {
    this.clock = clock;
  }

  static async start(engines: {
    databaseUrl: string;
    clickhouseUrl: string | readonly string[];
    redisUrl: string;
  }): Promise<StreamWorld> {
    const { databaseUrl, clickhouseUrl } = engines;
    await migrate(databaseUrl, clickhouseUrl);
    const clock = new ManualClock(new Date('2026-06-15T12:00:00.000Z'));
    const { hostname: host, port, password } = new URL(engines.redisUrl);
    const module = await Test.createTestingModule({
      imports: [
        StorageModule.forRoot({ databaseUrl, clickhouseUrl, clock }),
        BullModule.forRoot({ prefix: `test:${newId()}`, redis: { host, port: Number(port), password } }),
        AccessModule.forRoot(),
        IngestModule,
        ProfileWorkerModule.forRoot({ eventDays: 0 }),
        SegmentationModule,
      ],
    }).compile();
    module.useLogger(false);
    // Not initialized: nothing runs but what the spec runs.
    return new StreamWorld(module, clock);
  }

  async stop(): Promise<void> {
    await this.module.close();
  }

  get<T>(type: abstract new (...args: never[]) => T): T {
    return this.module.get<T>(type, { strict: false });
  }

  get database(): Database {
    return this.get(Database);
  }

  async newWorkspace(): Promise<void> {
    this.workspaceId = newId();
    this.source = 'web';
    await this.database.tx(this.workspaceId, async (tx) => {
      await tx.query(`INSERT INTO workspace (id, name, created_at, updated_at) VALUES ($1, 'spec', $2, $2)`, [
        this.workspaceId,
        this.clock.now(),
      ]);
      await insertDefaultNamespaces(tx, this.clock.now());
    });
  }

  /** A call that tracks what somebody did `ago` milliseconds before now. */
  event(who: object, name: string, ago = 1, properties: object = {}): object {
    return {
      type: 'track',
      messageId: `tracked ${++this.tracked}`,
      timestamp: new Date(this.clock.now().getTime() - ago).toISOString(),
      event: name,
      properties,
      ...who,
    };
  }

  async accept(...items: object[]): Promise<void> {
    await this.get(IngestWriter).accept({ workspaceId: this.workspaceId, sourceId: this.source, items });
  }

  async apply(): Promise<void> {
    while ((await this.get(Applier).turn(this.workspaceId, 0)) > 0);
  }

  /** Everything that waits, events and wakes. */
  async stream(): Promise<void> {
    while ((await this.get(StreamEvaluator).turn(this.workspaceId)).taken > 0);
  }

  /** Accept, apply and evaluate. */
  async say(...items: object[]): Promise<void> {
    await this.accept(...items);
    await this.apply();
    await this.stream();
  }

  sweep(): Promise<void> {
    return this.get(Sweeper).sweep(this.workspaceId);
  }

  /** As after a restart: nothing kept in memory. */
  forget(): void {
    this.get(PersonCaches).drop(this.workspaceId);
  }

  /** What is kept in memory of a person. */
  async state(person: number): Promise<PersonState | undefined> {
    return this.database.tx(this.workspaceId, async (tx) => {
      const plan = await this.get(PlanLoader).load(tx);
      const { cursors, of } = await this.get(StreamCursorStore).take(tx);
      return this.get(PersonCaches).take(this.workspaceId, plan, cursors, of, this.clock.now()).get(person);
    });
  }

  async newAudience(where: object): Promise<string> {
    const definition = { version: 1 as const, where };
    const audience = await this.get(AudienceService).create(
      this.workspaceId,
      { name: newId(), definition },
      'spec',
    );
    return audience.id;
  }

  /** Identities of an uploaded list. */
  upload(
    audienceId: string,
    mode: 'add' | 'replace',
    ...identities: { namespace: string; value: string }[]
  ): Promise<ImportView> {
    const body = ['namespace,value', ...identities.map(({ namespace, value }) => `${namespace},${value}`)];
    const bytes = Readable.from([Buffer.from(body.join('\n'))]);
    const rows = (): AsyncGenerator<Row> => rowsOf(bytes, 'csv');
    return this.get(ImportService).import(this.workspaceId, audienceId, mode, rows, 'spec');
  }

  /** Rank sources; without any the latest counts. Profiles follow with the rollout. */
  async rankSources(...sources: string[]): Promise<void> {
    const rule =
      sources.length > 0 ? { rule: 'source-precedence' as const, sources } : { rule: 'latest' as const };
    await this.database.tx(this.workspaceId, (tx) =>
      tx.query(
        `INSERT INTO access_key (workspace_id, id, kind, name, hash, created_at)
         SELECT $1::uuid, gen_random_uuid(), 'write', source, '', $3 FROM unnest($2::text[]) AS source`,
        [this.workspaceId, sources, this.clock.now()],
      ),
    );
    await this.get(MergePolicyService).put(this.workspaceId, 'spec', -1, { default: rule });
  }

  /** Up to `most` profiles come under the policy in force. */
  async rollOut(most: number): Promise<void> {
    const rollout = this.get(PolicyRollout);
    rollout.size = most;
    await rollout.turn(this.workspaceId);
  }

  /** Without fields the item goes. */
  async item(name: string, key: string, fields: object | null): Promise<void> {
    const lookups = this.get(LookupService);
    if (fields) await lookups.put(this.workspaceId, name, key, fields, 'spec');
    else await lookups.remove(this.workspaceId, name, key, 'spec').catch(unlessMissing);
  }

  async evaluate(audienceId: string): Promise<EvaluationRow> {
    this.clock.advance(1);
    await this.stream();
    const { id } = await this.get(EvaluationService).request(this.workspaceId, audienceId, 'spec');
    await this.get(Evaluator).evaluate(this.workspaceId, id);
    return this.get(EvaluationService).get(this.workspaceId, id);
  }

  async unmergeAll(): Promise<number> {
    const { rows } = await this.database.tx(this.workspaceId, (tx) =>
      tx.query<{ id: string }>(
        'SELECT id FROM merge WHERE workspace_id = $1 AND reversed_at IS NULL ORDER BY id DESC',
        [this.workspaceId],
      ),
    );
    for (const { id } of rows) await this.get(ProfileService).unmerge(this.workspaceId, 'spec', id);
    return rows.length;
  }

  async members(audienceId: string): Promise<number[]> {
    return this.database.tx(this.workspaceId, async (tx) => [
      ...(await this.get(MembershipStore).members(tx, audienceId)),
    ]);
  }

  /** The members as ClickHouse has them, at the position and moment of now. */
  async set(where: object, audienceId?: string): Promise<number[]> {
    const parsed = parseDefinition({ version: 1, where });
    const resolved = parsed.ok && resolveAudiences(parsed.definition, () => 'unknown-audience', audienceId);
    if (!resolved || !resolved.ok) throw new TypeError(JSON.stringify(parsed));
    const { workspaceId } = this;
    return this.get(LoadGate).holdLoaded(workspaceId, async ({ pos }) => {
      const scope = { workspaceId, now: this.clock.now(), asOfPos: pos };
      const [members] = await findMembers(this.get(Shards), [resolved.definition], scope);
      return [...members!.persons()];
    });
  }

  load(): Promise<unknown> {
    return this.get(Loader).turn(this.workspaceId);
  }

  /** What was received before today leaves PostgreSQL, in two steps that in life are hours apart. */
  async archive(): Promise<void> {
    while (!(await this.get(Loader).turn(this.workspaceId))?.complete);
    const archiver = this.get(EventArchiver);
    archiver.grace = '0';
    await archiver.turn();
    await archiver.turn();
  }

  async deltas(audienceId: string): Promise<MembershipDelta[]> {
    await this.get(Sequencer).drain(this.workspaceId);
    return this.database.tx(this.workspaceId, (tx) =>
      this.get(MembershipLog).deltas(tx, { audienceId, afterPos: 0, limit: 100_000 }),
    );
  }
}

function unlessMissing(error: unknown): void {
  if (!(error instanceof Problem) || error.status !== 404) throw error;
}
