import type { ClickHouseClient } from '@clickhouse/client';
import { ManualClock, newId } from '@percorso/kernel';
import { EventArchive, EventReader, type LoadGate, ProfileReader } from '@percorso/profile';
import { connectClickHouse, Database, migrate, Shards } from '@percorso/storage';
import { AudienceStore } from '../audience/audience.store';
import { MemberConditionStore } from '../member/member-condition.store';
import { MemberFiller } from '../member/member-filler';
import { MemberMatchStore } from '../member/member-match.store';
import { MembershipHooks } from '../membership/membership.hooks';
import { MembershipLog } from '../membership/membership-log';
import { MembershipSignal } from '../membership/membership.signal';
import { MembershipStore } from '../membership/membership.store';
import { Sequencer } from '../membership/sequencer';
import { AccountWakeStore } from '../stream/account-wake.store';
import { TraitLoader } from '../computed-trait/trait-loader';
import { PlanLoader } from '../stream/plan-loader';
import { SetGuard } from '../stream/set-guard';
import { StreamCursorStore } from '../stream/stream-cursor.store';
import { Sweeper } from '../stream/sweeper';
import { WakeStore } from '../stream/wake.store';
import { EvaluationStore } from './evaluation.store';
import { Evaluator } from './evaluator';
import { SetPass } from './set-pass';

/** Nobody follows the log here, so there is nobody to wait for. */
class LonelyGuard extends SetGuard {
  protected override readonly patience = 2;
}

/** For specs: one workspace on real engines, with persons and an audience, and the parts that work on them. */
export class EvaluationWorld {
  readonly clock = new ManualClock(new Date('2026-06-15T12:00:00Z'));
  readonly memberships = new MembershipStore();
  readonly evaluations = new EvaluationStore();
  readonly audiences = new AudienceStore();
  readonly log = new MembershipLog();
  readonly wakes = new WakeStore();
  readonly cursors = new StreamCursorStore();
  readonly conditions = new MemberConditionStore();
  readonly matches = new MemberMatchStore(new AccountWakeStore(this.wakes));
  readonly plans = new PlanLoader(this.audiences, this.conditions, new TraitLoader());
  readonly hooks = new MembershipHooks(this.memberships, this.matches, this.wakes, this.cursors);
  readonly sequencer: Sequencer;
  readonly shards: Shards;
  readonly signal = new MembershipSignal();
  workspaceId = '';
  /** ClickHouse as of `pos`, unless a spec loads for real. */
  gate: LoadGate = {
    holdLoaded: <T>(_workspaceId: string, work: (asOf: { partition: number; pos: number }) => Promise<T>) =>
      work({ partition: 0, pos: this.pos }),
  } as Partial<LoadGate> as LoadGate;
  /** The position the gate tells. */
  pos = 0;

  private constructor(
    readonly database: Database,
    readonly clickhouse: ClickHouseClient,
  ) {
    this.sequencer = new Sequencer(database);
    this.shards = new Shards([clickhouse]);
  }

  static async start(engines: { databaseUrl: string; clickhouseUrl: string }): Promise<EvaluationWorld> {
    const clickhouse = connectClickHouse(engines.clickhouseUrl);
    await migrate(engines.databaseUrl, clickhouse);
    const database = new Database({ url: engines.databaseUrl, poolSize: 30 });
    return new EvaluationWorld(database, clickhouse);
  }

  async stop(): Promise<void> {
    await this.database.close();
    await this.clickhouse.close();
  }

  /** Another workspace with `persons` persons, their trait n being their number. */
  async newWorkspace(persons: number): Promise<void> {
    this.workspaceId = newId();
    await this.database.tx(this.workspaceId, async (tx) => {
      await tx.query(`INSERT INTO workspace (id, name, created_at, updated_at) VALUES ($1, '', $2, $2)`, [
        this.workspaceId,
        this.clock.now(),
      ]);
      await tx.query(
        `INSERT INTO profile (workspace_id, person, id, dirty, created_at, updated_at)
         SELECT $1, n, gen_random_uuid(), false, $2, $2 FROM generate_series(1, $3::int) n`,
        [this.workspaceId, this.clock.now(), persons],
      );
    });
    await this.setNumbers(Array.from({ length: persons }, (_, index) => index + 1));
  }

  private version = 0;

  /** Give persons 1, 2, … the trait n. */
  async setNumbers(numbers: readonly number[]): Promise<void> {
    this.version += 1;
    await this.clickhouse.insert({
      table: 'percorso.profile',
      values: numbers.map((n, index) => ({
        workspace_id: this.workspaceId,
        person: index + 1,
        numbers: { n: String(n) },
        version: this.version,
        deleted: 0,
      })),
      format: 'JSONEachRow',
    });
  }

  /** An audience of everybody with n of `most` at most. */
  async newAudience(most: number): Promise<string> {
    const id = newId();
    const definition = { version: 1, where: { trait: { path: 'n', op: 'lte', value: most } } };
    await this.database.tx(this.workspaceId, (tx) =>
      this.audiences.insert(tx, { id, name: 'a', description: '', definition, at: this.clock.now() }),
    );
    return id;
  }

  async newEvaluation(audienceId: string): Promise<string> {
    const id = newId();
    this.clock.advance(1);
    const row = await this.database.tx(this.workspaceId, (tx) =>
      this.evaluations.insert(tx, { id, audienceId, at: this.clock.now() }),
    );
    return row?.id ?? id;
  }

  /** As if a worker had taken it up and died. */
  async leaveRunning(evaluation: string): Promise<void> {
    await this.database.tx(this.workspaceId, (tx) =>
      tx.query(
        `UPDATE evaluation SET state = 'running', fence = 1, lease_until = now() - interval '1 s' WHERE id = $1`,
        [evaluation],
      ),
    );
  }

  evaluator(memberships: MembershipStore = this.memberships): Evaluator {
    const { database, shards, clock, gate, evaluations, audiences, signal } = this;
    const guard = new LonelyGuard(
      database,
      new EventReader(new EventArchive(shards)),
      this.cursors,
      this.wakes,
    );
    const sets = new SetPass(
      database,
      shards,
      clock,
      gate,
      audiences,
      this.filler(guard),
      guard,
      new TraitLoader(),
    );
    return new Evaluator(
      database,
      clock,
      sets,
      evaluations,
      audiences,
      memberships,
      guard,
      this.sweeper,
      this.sequencer,
      signal,
    );
  }

  private get sweeper(): Sweeper {
    const { database, shards, clock, gate, plans, cursors, wakes, conditions } = this;
    return new Sweeper(database, shards, clock, gate, plans, cursors, wakes, conditions);
  }

  private filler(guard: SetGuard): MemberFiller {
    const { database, shards, clock, gate, conditions, matches, cursors, sweeper } = this;
    const profiles = new ProfileReader();
    return new MemberFiller(
      database,
      shards,
      clock,
      gate,
      profiles,
      conditions,
      matches,
      guard,
      cursors,
      sweeper,
    );
  }

  /** Members as the log tells them: every numbered delta applied in order. */
  async replay(audienceId: string): Promise<number[]> {
    const deltas = await this.database.tx(this.workspaceId, (tx) =>
      this.log.deltas(tx, { audienceId, afterPos: 0, limit: 1_000_000 }),
    );
    const members = new Set<number>();
    for (const { person, op } of deltas) {
      if (op === 'enter') members.add(person);
      else members.delete(person);
    }
    return [...members].sort((a, b) => a - b);
  }

  async members(audienceId: string): Promise<number[]> {
    return this.database.tx(this.workspaceId, async (tx) => [
      ...(await this.memberships.members(tx, audienceId)),
    ]);
  }
}
