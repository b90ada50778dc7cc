import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BullModule } from '@nestjs/bull';
import { Test, type TestingModule } from '@nestjs/testing';
import { AccessModule } from '@percorso/access';
import { ConnectorModule } from '@percorso/connector';
import type { TestEngines } from '@percorso/engines';
import { insertDefaultNamespaces } from '@percorso/identity';
import { IngestModule, IngestWriter } from '@percorso/ingest';
import { ManualClock, newId } from '@percorso/kernel';
import { MappingModule, MappingRunner } from '@percorso/mapping';
import { Applier, Eraser, ProfileService, ProfileWorkerModule } from '@percorso/profile';
import {
  AudienceService,
  EvaluationService,
  Evaluator,
  SegmentationModule,
  Sequencer,
  StreamEvaluator,
} from '@percorso/segmentation';
import { Database, type Held, migrate, StorageModule } from '@percorso/storage';
import { JourneyWorkerModule } from '../../journey-worker.module';
import { parseJourney } from '../../definition/parse-journey';
import { JourneyTurns } from '../journey-turns';
import { ReadScheduler } from '../intake/read-scheduler';

export interface SentMessage {
  key: string;
  person: number;
  operation: string;
  state: string;
  payload: Record<string, unknown> | null;
  code: string | null;
  at: Date;
}

export interface InstanceRow {
  id: string;
  journeyId: string;
  version: number;
  person: number;
  key: string | null;
  state: string;
  endReason: string | null;
  enteredAt: Date;
  goalAt: Date | null;
  holdout: boolean;
  context: Record<string, unknown>;
}

const PARTITIONS = 4;
const START = new Date('2026-06-15T12:00:00.000Z');

/** For specs: everything from the ingest log to recorded effects on real engines, moved by hand. */
export class JourneyWorld {
  readonly clock = new ManualClock(START);
  workspaceId = '';
  connectorId = '';
  /** All partitions. */
  held: Held[] = [];
  private serial = 0;

  private constructor(
    private readonly module: TestingModule,
    private readonly folder: string,
  ) {}

  static async start({ databaseUrl, clickhouseUrl, redisUrl }: TestEngines): Promise<JourneyWorld> {
    await migrate(databaseUrl, clickhouseUrl);
    const folder = mkdtempSync(join(tmpdir(), 'percorso-journey-'));
    const { hostname: host, port, password } = new URL(redisUrl);
    let world: JourneyWorld | undefined = undefined;
    const clock = { now: () => world!.clock.now() };
    const module = await Test.createTestingModule({
      imports: [
        StorageModule.forRoot({ databaseUrl, clickhouseUrl, clock }),
        BullModule.forRoot({ prefix: `test:${newId()}`, redis: { host, port: Number(port), password } }),
        AccessModule.forRoot(),
        IngestModule,
        MappingModule,
        ConnectorModule.forRoot({
          pluginDirectories: [join(__dirname, '..', '..', '..', '..', '..', 'plugins')],
          masterKeyFile: join(folder, 'master.json'),
        }),
        ProfileWorkerModule.forRoot({ eventDays: 0 }),
        SegmentationModule,
        JourneyWorkerModule.forRoot(),
      ],
    }).compile();
    module.useLogger(false);
    // Not initialized: nothing runs but what the spec runs.
    world = new JourneyWorld(module, folder);
    return world;
  }

  async stop(): Promise<void> {
    this.get(MappingRunner).close();
    await this.module.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get<T>(type: abstract new (...args: never[]) => T): T {
    return this.module.get<T>(type, { strict: false });
  }

  get database(): Database {
    return this.get(Database);
  }

  async rows<R extends object>(text: string, ...values: unknown[]): Promise<R[]> {
    return this.database.statement<R & Record<string, unknown>>(this.workspaceId, text, [
      this.workspaceId,
      ...values,
    ]);
  }

  async newWorkspace(settings: object = {}): Promise<void> {
    this.clock.set(START);
    this.workspaceId = newId();
    this.connectorId = newId();
    this.held = Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, fence: '0' }));
    const now = this.clock.now();
    await this.database.tx(this.workspaceId, async (tx) => {
      await tx.query(
        `INSERT INTO workspace (id, name, settings, created_at, updated_at) VALUES ($1, 'spec', $3, $2, $2)`,
        [this.workspaceId, now, JSON.stringify(settings)],
      );
      await insertDefaultNamespaces(tx, now);
      await tx.query(
        `INSERT INTO lease (workspace_id, kind, partition) SELECT $1, 'journey', generate_series(0, $2::int - 1)`,
        [this.workspaceId, PARTITIONS],
      );
      await tx.query(
        `INSERT INTO connector (workspace_id, id, plugin_id, name, settings, created_at, updated_at)
         VALUES ($1, $2, 'smtp', 'Mail', '{}', $3, $3)`,
        [this.workspaceId, this.connectorId, now],
      );
    });
  }

  /** A step that sends: `text` is what the message says, in JSONata. */
  send(text: string, more: object = {}): object {
    const content = { jsonata: `{"to": profile.traits.email, "subject": ${text}, "text": "-"}` };
    return { send: { connector: this.connectorId, content }, ...more };
  }

  /** A journey that is live. @throws TypeError when the definition is not one */
  async journey(definition: object, { state = 'live', name = 'Spec' } = {}): Promise<string> {
    const id = newId();
    const now = this.clock.now();
    await this.database.tx(this.workspaceId, async (tx) => {
      await tx.query(
        `INSERT INTO journey (workspace_id, id, name, state, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)`,
        [this.workspaceId, id, name, state, now],
      );
    });
    await this.publish(id, definition);
    return id;
  }

  /** A new version of a journey, live at once; its number. */
  async publish(journeyId: string, definition: object): Promise<number> {
    const parsed = parseJourney(definition);
    if (!parsed.ok) throw new TypeError(JSON.stringify(parsed.errors));
    const now = this.clock.now();
    return this.database.tx(this.workspaceId, async (tx) => {
      const { rows } = await tx.query<{ version: number }>(
        `INSERT INTO journey_version (workspace_id, journey_id, version, definition, created_at, published_at)
         SELECT $1, $2, 1 + (SELECT count(*) FROM journey_version WHERE workspace_id = $1 AND journey_id = $2), $3, $4, $4
         RETURNING version`,
        [this.workspaceId, journeyId, JSON.stringify(definition), now],
      );
      const { version } = rows[0]!;
      await tx.query(
        `UPDATE journey SET live_version = $3, version = version + 1 WHERE workspace_id = $1 AND id = $2`,
        [this.workspaceId, journeyId, version],
      );
      return version;
    });
  }

  async setState(journeyId: string, state: string): Promise<void> {
    await this.rows(
      `UPDATE journey SET state = $3, paused_at = CASE WHEN $3 = 'paused' THEN $4::timestamptz END, updated_at = $4,
         version = version + 1 WHERE workspace_id = $1 AND id = $2`,
      journeyId,
      state,
      this.clock.now(),
    );
  }

  event(userId: string, event: string, properties: object = {}, more: object = {}): object {
    return { type: 'track', messageId: `m${++this.serial}`, userId, event, properties, ...more };
  }

  profile(userId: string, traits: object = {}): object {
    const email = `${userId}@example.org`;
    return { type: 'identify', messageId: `m${++this.serial}`, userId, traits: { email, ...traits } };
  }

  async accept(...items: object[]): Promise<void> {
    await this.get(IngestWriter).accept({ workspaceId: this.workspaceId, sourceId: 'web', items });
  }

  async apply(): Promise<void> {
    while ((await this.get(Applier).turn(this.workspaceId, 0)) > 0);
  }

  /** Audiences follow, and their deltas get positions. */
  async stream(): Promise<void> {
    while ((await this.get(StreamEvaluator).turn(this.workspaceId)).taken > 0);
    await this.get(Sequencer).drain(this.workspaceId);
  }

  /** Accept and apply, and let audiences and journeys follow. */
  async say(...items: object[]): Promise<void> {
    await this.accept(...items);
    await this.apply();
    await this.stream();
    await this.turns();
  }

  /** Journeys take up what waits; turns may say things that are applied, and so on. */
  async turns(held: readonly Held[] = this.held): Promise<number> {
    let all = 0;
    for (;;) {
      const { taken, more } = await this.get(JourneyTurns).turn(this.workspaceId, held);
      all += taken;
      await this.apply();
      if (taken === 0 && !more) return all;
    }
  }

  /** Journeys take up what is applied; nothing more is. */
  async turnsOnly(): Promise<void> {
    for (let more = true; more;) {
      const turn = await this.get(JourneyTurns).turn(this.workspaceId, this.held);
      more = turn.taken > 0 && turn.more;
    }
  }

  /** Time passes, and journeys and audiences follow. */
  async pass(milliseconds: number): Promise<void> {
    this.clock.advance(milliseconds);
    await this.stream();
    await this.get(ReadScheduler).look(this.workspaceId);
    await this.turns();
  }

  async newAudience(where: object): Promise<string> {
    const definition = { version: 1 as const, where };
    return (await this.get(AudienceService).create(this.workspaceId, { name: newId(), definition }, 'spec'))
      .id;
  }

  /** Computes an audience as a set. */
  async evaluate(audienceId: string): Promise<void> {
    this.clock.advance(1);
    const { id } = await this.get(EvaluationService).request(this.workspaceId, audienceId, 'spec');
    await this.get(Evaluator).evaluate(this.workspaceId, id);
    await this.get(Sequencer).drain(this.workspaceId);
  }

  async person(userId: string): Promise<number> {
    const [row] = await this.rows<{ person: number }>(
      `SELECT person FROM identity_node WHERE workspace_id = $1 AND namespace = 'user_id' AND value = $2`,
      userId,
    );
    return row!.person;
  }

  instances(journeyId: string): Promise<InstanceRow[]> {
    return this.rows(
      `SELECT id, journey_id AS "journeyId", version, person, key, state, end_reason AS "endReason",
         entered_at AS "enteredAt", goal_at AS "goalAt", holdout, context
       FROM journey_instance WHERE workspace_id = $1 AND journey_id = $2 ORDER BY entered_at, id`,
      journeyId,
    );
  }

  messages(): Promise<SentMessage[]> {
    return this.rows(
      `SELECT key, person, operation, state, payload, reason_code AS code, changed_at AS at FROM effect
       WHERE workspace_id = $1 ORDER BY changed_at, id`,
    );
  }

  /** What was sent, in its order. */
  async subjects(): Promise<unknown[]> {
    return (await this.messages()).map(({ payload }) => payload?.['subject']);
  }

  /** Why nobody entered: codes in their order. */
  async refusals(journeyId: string): Promise<string[]> {
    const rows = await this.rows<{ code: string }>(
      'SELECT code FROM journey_refusal WHERE workspace_id = $1 AND journey_id = $2 ORDER BY n',
      journeyId,
    );
    return rows.map(({ code }) => code);
  }

  async trace(instanceId: string): Promise<string[]> {
    const rows = await this.rows<{ step: string; what: string }>(
      'SELECT step, what FROM journey_trace WHERE workspace_id = $1 AND instance_id = $2 ORDER BY n',
      instanceId,
    );
    return rows.map(({ step, what }) => `${step || '*'} ${what}`);
  }

  /** Delivery decides effects. */
  async settle(
    state: string,
    { code = null, response = null }: { code?: string | null; response?: unknown } = {},
  ) {
    await this.rows(
      `UPDATE effect SET state = $2, reason_code = $3, response = $4, updated_at = $5
       WHERE workspace_id = $1 AND state = 'pending'`,
      state,
      code,
      response === null ? null : JSON.stringify(response),
      this.clock.now(),
    );
    await this.turns();
  }

  async unmergeAll(): Promise<void> {
    const rows = await this.rows<{ id: string }>(
      'SELECT id FROM merge WHERE workspace_id = $1 AND reversed_at IS NULL ORDER BY id DESC',
    );
    for (const { id } of rows) await this.get(ProfileService).unmerge(this.workspaceId, 'spec', id);
  }

  /** Erase a person; rows that were cleared, by place. */
  async erase(userId: string): Promise<Record<string, number>> {
    const [row] = await this.rows<{ id: string }>(
      'SELECT id FROM profile WHERE workspace_id = $1 AND person = $2',
      await this.person(userId),
    );
    await this.get(ProfileService).delete(this.workspaceId, 'spec', row!.id);
    while (await this.get(Eraser).turn(this.workspaceId));
    const places = await this.rows<{ place: string; count: string }>(
      'SELECT place, count FROM erasure_place WHERE workspace_id = $1',
    );
    return Object.fromEntries(places.map(({ place, count }) => [place, Number(count)]));
  }
}
