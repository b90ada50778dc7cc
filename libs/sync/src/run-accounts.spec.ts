import { DEFAULT_DELIVERY } from '@percorso/delivery';
import * as fc from 'fast-check';
import type { ReplayView } from './replay/replay.dto';
import { Replays } from './replay/replays';
import { RunControl } from './run-control';
import { endSettledRuns } from './run.store';
import type { RunView } from './sync.dto';
import { type Chance, ChanceProvider } from './testing/chance-provider';
import { useSyncWorld } from './testing/sync-fixture';
import type { SyncWorld } from './testing/sync-world';
import type { SyncUnderTest, SyncWorkspace } from './testing/sync-workspace';

const SEED = Number(process.env.PERCORSO_SEED);
const STORIES = Number(process.env.PERCORSO_STORIES ?? 5);
const PERSONS = 6;
const OPTIONS = { ...DEFAULT_DELIVERY, maxAttempts: 3 };

const person = fc.integer({ min: 1, max: PERSONS });
const which = fc.nat(1000);
const chance = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Chance>('accept') },
  { weight: 3, arbitrary: fc.constant<Chance>('reject') },
  { weight: 1, arbitrary: fc.constant<Chance>('later') },
  { weight: 1, arbitrary: fc.constant<Chance>('arrive-unheard') },
  { weight: 2, arbitrary: fc.constant<Chance>('lose-unheard') },
);

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('run' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      chances: fc.array(chance, { minLength: PERSONS, maxLength: PERSONS }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('rename' as const), person, which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('address' as const), person }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('move' as const), person }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('settle' as const), which }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('replay' as const), which }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('work' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('discard' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('end-replay' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pause' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resume' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('look' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A hub, a target and an admin in one sequence of what may happen. */
class Story {
  readonly provider = new ChanceProvider();
  private readonly members = new Set<number>();
  private readonly planned = new Map<string, number>();

  constructor(
    private readonly world: SyncWorld,
    private readonly workspace: SyncWorkspace,
    private readonly sync: SyncUnderTest,
  ) {}

  async begin(): Promise<void> {
    await this.move(1, 2, 3, 4);
  }

  async perform(one: Step): Promise<void> {
    const { workspace, world } = this;
    world.clock.advance(1000);
    switch (one.do) {
      case 'run':
        return this.run();
      case 'deliver':
        return this.deliver(one.chances);
      case 'rename':
        return workspace.setTrait(one.person, 'lastName', `Nr ${one.which}`);
      case 'address':
        return this.address(one.person);
      case 'move':
        return this.move(one.person);
      case 'settle':
        return this.settle(one.which);
      case 'replay':
        return this.replay(one.which);
      case 'work':
        return world.replay(workspace);
      case 'discard':
        return this.discard(one.which);
      case 'end-replay':
        return this.turn('replays', one.which, one.which % 2 === 0 ? 'cancel' : 'pause');
      case 'cancel':
        return this.turn('runs', one.which, 'cancel');
      case 'pause':
      case 'resume':
        return void (await workspace.call('POST', `/v1/syncs/${this.sync.id}/${one.do}`));
      case 'look':
        return this.look();
    }
  }

  /** What must hold at every moment. */
  async check(): Promise<void> {
    expect(this.provider.doubled).toEqual([]);
    const { balanced, members } = await this.workspace.reconciliation(this.sync);
    expect([balanced, members]).toEqual([true, this.members.size]);
    for (const run of await this.runs()) {
      const { planned, ...counts } = run.counts;
      expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(planned);
      expect(planned).toBeGreaterThanOrEqual(this.planned.get(run.id) ?? 0);
      this.planned.set(run.id, planned);
      const open = counts.pending + counts.sending;
      if (run.state === 'done') expect([run.id, open]).toEqual([run.id, 0]);
      if (run.endedAt === null) expect(['planning', 'delivering']).toContain(run.state);
      else expect(['done', 'cancelled', 'failed']).toContain(run.state);
    }
    for (const { looked, replayed, dropped, skipped } of await this.all<ReplayView>('replays')) {
      expect(replayed + dropped + skipped).toBe(looked);
    }
  }

  /** Everything is let go on, and taken: nothing may be left over. */
  async end(): Promise<void> {
    await this.workspace.call('POST', `/v1/syncs/${this.sync.id}/resume`);
    for (const { id } of await this.all<ReplayView>('replays')) {
      await this.workspace.call('POST', `/v1/replays/${id}/resume`);
    }
    for (const run of await this.runs()) if (run.state === 'planning') await this.workspace.plan(run.id);
    for (let round = 0; round < 3; round++) {
      this.world.clock.advance(3_600_000);
      await this.world.replay(this.workspace);
      await this.deliver([]);
    }
    await this.look();
    await this.check();
    for (const { state, counts } of await this.runs()) {
      expect([state === 'delivering', counts.pending, counts.sending]).toEqual([false, 0, 0]);
    }
    for (const { state, counts } of await this.all<ReplayView>('replays')) {
      expect([state === 'running', counts.pending]).toEqual([false, 0]);
    }
  }

  private async run(): Promise<void> {
    const { status, body } = await this.workspace.call('POST', `/v1/syncs/${this.sync.id}/run`);
    if (status === 202) await this.workspace.plan((body.run as RunView).id);
    else expect(['run-open', 'sync-paused']).toContain(body.code);
  }

  private async deliver(chances: Chance[]): Promise<void> {
    // Past every rest and breaker: those are other specs' business.
    this.world.clock.advance(3_600_000);
    this.provider.chances = [...chances];
    const pump = this.world.lanePump(this.provider, OPTIONS);
    pump.wake(this.workspace.id, this.workspace.connectorId);
    await pump.settled();
  }

  private async move(...persons: number[]): Promise<void> {
    const [exited, entered] = [true, false].map((are) =>
      persons.filter((one) => this.members.has(one) === are),
    );
    for (const one of exited!) this.members.delete(one);
    for (const one of entered!) this.members.add(one);
    await this.workspace.change(entered!, exited);
  }

  private async address(one: number): Promise<void> {
    const rows = await this.world.database.statement<{ has: boolean }>(
      this.workspace.id,
      `SELECT traits->'email'->>'value' IS NOT NULL AS has FROM profile WHERE workspace_id = $1 AND person = $2`,
      [this.workspace.id, one],
    );
    await this.workspace.setTrait(one, 'email', rows[0]!.has ? null : this.workspace.email(one));
  }

  /** An admin finds out what the target knows. */
  private async settle(at: number): Promise<void> {
    const rows = await this.world.database.statement<{ id: string; key: string }>(
      this.workspace.id,
      `SELECT id, key FROM effect WHERE workspace_id = $1 AND state = 'unknown' AND due_at = 'infinity' ORDER BY id`,
      [this.workspace.id],
    );
    const row = rows[at % Math.max(1, rows.length)];
    if (!row) return;
    const outcome = this.provider.unheard.get(row.key) === 'lost' ? 'not-delivered' : 'accepted';
    const { status } = await this.workspace.call('POST', `/v1/effects/${row.id}/settle`, { outcome });
    expect(status).toBe(200);
    if (outcome === 'not-delivered') this.provider.unheard.delete(row.key);
  }

  private async replay(at: number): Promise<void> {
    const runs = await this.runs();
    const run = runs[at % Math.max(1, runs.length)];
    if (at % 4 === 0 && run) {
      const { status } = await this.workspace.call('POST', `/v1/runs/${run.id}/retry`);
      return expect([202, 409]).toContain(status);
    }
    const chosen = at % 4 === 1 && run ? { runId: run.id } : { syncId: this.sync.id };
    const pace = at % 3 === 0 ? { rowsPerSecond: 0.5 } : {};
    const { status } = await this.workspace.call('POST', '/v1/dead-letters/replay', { ...chosen, ...pace });
    expect(status).toBe(202);
  }

  private async discard(at: number): Promise<void> {
    const letters = await this.all<{ id: string }>('dead-letters');
    const letter = letters[at % Math.max(1, letters.length)];
    if (!letter) return;
    const body = { ids: [letter.id], note: 'Not now.' };
    expect((await this.workspace.call('POST', '/v1/dead-letters/discard', body)).status).toBe(200);
  }

  private async turn(what: 'runs' | 'replays', at: number, how: string): Promise<void> {
    const all = what === 'runs' ? await this.runs() : await this.all<ReplayView>(what);
    const one = all[at % Math.max(1, all.length)];
    if (!one) return;
    const { status } = await this.workspace.call('POST', `/v1/${what}/${one.id}/${how}`);
    expect([200, 409]).toContain(status);
  }

  /** What the reconciler does at each tick. */
  private async look(): Promise<void> {
    await this.world.app.get(RunControl).look(this.workspace.id);
    await this.world.app.get(Replays).look(this.workspace.id);
    await this.world.database.tx(this.workspace.id, (tx) => endSettledRuns(tx, this.world.clock.now()));
  }

  private runs(): Promise<RunView[]> {
    return this.all<RunView>(`syncs/${this.sync.id}/runs`);
  }

  private async all<T>(what: string): Promise<T[]> {
    return (await this.workspace.call('GET', `/v1/${what}?limit=200`)).body.data as T[];
  }
}

describe(`accounts of runs, ${STORIES} stories from seed ${SEED}`, () => {
  let world: SyncWorld;

  useSyncWorld((started) => (world = started));

  it(
    'add up at every moment, and no intent reaches the target twice',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 25, maxLength: 40 }), async (steps) => {
          const workspace = await world.workspace(PERSONS);
          const story = new Story(world, workspace, await workspace.sync());
          await story.begin();
          for (const one of steps) {
            await story.perform(one);
            await story.check();
          }
          await story.end();
        }),
        { seed: SEED, numRuns: STORIES, endOnFailure: true },
      );
    },
    60_000 + STORIES * 30_000,
  );
});
