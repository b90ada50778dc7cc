import { startTestEngines, type TestEngines } from '@percorso/engines';
import type { Transaction } from '@percorso/storage';
import { type AppliedChange, type MembershipChange, MembershipStore } from '../membership/membership.store';
import { EvaluationWorld } from './evaluation-world';

/** Dies at its n-th change, as a killed process would: nothing of that transaction stays. */
class DyingStore extends MembershipStore {
  constructor(private left: number) {
    super();
  }

  override async apply(tx: Transaction, change: MembershipChange): Promise<AppliedChange> {
    const done = await super.apply(tx, change);
    if (--this.left === 0) throw new Killed();
    return done;
  }
}

class Killed extends Error {
  readonly code = 'ECONNRESET';
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('Evaluator', () => {
  let engines: TestEngines;
  let world: EvaluationWorld;

  beforeAll(async () => {
    engines = await startTestEngines();
    world = await EvaluationWorld.start(engines);
  }, 120_000);
  afterAll(async () => {
    await world?.stop();
    await engines?.stop();
  });

  const tx = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> =>
    world.database.tx(world.workspaceId, work);
  const read = (id: string) => tx((t) => world.evaluations.find(t, id));
  const endLeases = (): Promise<unknown> =>
    tx((t) => t.query(`UPDATE evaluation SET lease_until = now() - interval '1 s'`));

  it('counts who enters while it ends', async () => {
    await world.newWorkspace(20);
    const audience = await world.newAudience(10);
    await world.evaluator().evaluate(world.workspaceId, await world.newEvaluation(audience));
    const id = await world.newEvaluation(audience);
    const lease = (await tx((t) => world.evaluations.claim(t, id)))!;
    const now = new Date();
    let ending: Promise<void> | undefined;
    await tx(async (t) => {
      const cause = { kind: 'reconciliation', evaluationId: id } as const;
      const change = { audienceId: audience, person: 15, member: true, cause, definitionVersion: 1 };
      await new MembershipStore().applyMany(t, [change], now);
      const result = { members: 10, asOfPos: 0, asOf: now, endedAt: now, asDrift: false };
      ending = tx((other) => world.evaluations.finish(other, lease, result));
      // Until it waits for the audience's row.
      for (let waits = false; !waits;) {
        const { rows } = await t.query<{ waits: boolean }>(
          'SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted) AS waits',
        );
        waits = rows[0]!.waits;
      }
    });
    await ending;
    expect(await tx((t) => world.audiences.find(t, audience))).toMatchObject({ members: 11 });
  });

  it('creates, evaluates, and gives every entry a position', async () => {
    await world.newWorkspace(2500);
    const audience = await world.newAudience(2300);
    const evaluation = await world.newEvaluation(audience);
    world.pos = 77;
    expect(await world.evaluator().evaluate(world.workspaceId, evaluation)).toBe(true);
    expect(await read(evaluation)).toMatchObject({
      state: 'done',
      members: 2300,
      entered: 2300,
      exited: 0,
      asOfPos: 77,
    });
    expect(await tx((t) => world.audiences.find(t, audience))).toMatchObject({ members: 2300, asOfPos: 77 });
    expect(await tx((t) => world.log.head(t))).toMatchObject({ pos: 2300 });
    const deltas = await tx((t) => world.log.deltas(t, { audienceId: audience, afterPos: 2290, limit: 100 }));
    expect(deltas.map(({ pos }) => pos)).toEqual(range(2291, 2300));
    expect(deltas[0]).toMatchObject({
      person: 2291,
      op: 'enter',
      version: 1,
      definitionVersion: 1,
      at: world.clock.now(),
      cause: { kind: 'backfill', evaluationId: evaluation },
    });
    expect(await world.evaluator().evaluate(world.workspaceId, evaluation)).toBe(false);
  });

  it('is done only when its entries have positions, though another sequencer is at work', async () => {
    await world.newWorkspace(5);
    const audience = await world.newAudience(2);
    await world.evaluator().evaluate(world.workspaceId, await world.newEvaluation(audience));
    await world.setNumbers([1, 2, 2, 2, 2]);
    const evaluation = await world.newEvaluation(audience);
    let evaluating: Promise<boolean> | undefined;
    await tx(async (t) => {
      await t.query('SELECT FROM membership_log WHERE workspace_id = $1 FOR UPDATE', [world.workspaceId]);
      evaluating = world.evaluator().evaluate(world.workspaceId, evaluation);
      while ((await read(evaluation))?.entered !== 3) await new Promise((resolve) => setTimeout(resolve, 20));
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await read(evaluation)).toMatchObject({ state: 'running', entered: 3 });
    });
    expect(await evaluating).toBe(true);
    expect(await read(evaluation)).toMatchObject({ state: 'done', entered: 3 });
    expect(await tx((t) => world.log.head(t))).toMatchObject({ pos: 5 });
  });

  it('writes only what changed, under the new definition version', async () => {
    await world.newWorkspace(20);
    const audience = await world.newAudience(10);
    await world.evaluator().evaluate(world.workspaceId, await world.newEvaluation(audience));
    await tx(async (t) => {
      const definition = { version: 1, where: { trait: { path: 'n', op: 'in', value: [5, 6, 15] } } };
      await world.audiences.insertDefinition(t, audience, 2, definition, world.clock.now());
      await t.query('UPDATE audience SET definition_version = 2 WHERE id = $1', [audience]);
    });
    const second = await world.newEvaluation(audience);
    await world.evaluator().evaluate(world.workspaceId, second);
    expect(await read(second)).toMatchObject({ members: 3, entered: 1, exited: 8, definitionVersion: 2 });
    expect(await world.members(audience)).toEqual([5, 6, 15]);
    await world.sequencer.drain(world.workspaceId);
    expect(await world.replay(audience)).toEqual([5, 6, 15]);
  });

  it('goes on after a crash in the middle without a second delta', async () => {
    await world.newWorkspace(3500);
    const audience = await world.newAudience(3000);
    const evaluation = await world.newEvaluation(audience);
    await world.evaluator(new DyingStore(3)).evaluate(world.workspaceId, evaluation);
    expect(await read(evaluation)).toMatchObject({ state: 'running', entered: 2000 });
    expect(await world.evaluator().evaluate(world.workspaceId, evaluation)).toBe(false);
    await endLeases();
    expect(await tx((t) => world.evaluations.waiting(t))).toEqual([evaluation]);
    expect(await world.evaluator().evaluate(world.workspaceId, evaluation)).toBe(true);
    expect(await read(evaluation)).toMatchObject({ state: 'done', members: 3000, entered: 3000, exited: 0 });
    expect(await tx((t) => world.log.head(t))).toMatchObject({ pos: 3000 });
    expect(await world.replay(audience)).toEqual(range(1, 3000));
  });

  it('lets a worker whose lease went to another write nothing more', async () => {
    await world.newWorkspace(2500);
    const audience = await world.newAudience(2500);
    const evaluation = await world.newEvaluation(audience);
    const slow = new MembershipStore();
    const apply = slow.apply.bind(slow);
    let chunks = 0;
    slow.apply = async (t, change) => {
      const done = await apply(t, change);
      // Between this worker's first and second chunk another one takes over.
      if (++chunks === 2)
        await world.database.tx(world.workspaceId, (own) =>
          own.query(`UPDATE evaluation SET fence = fence + 1 WHERE id = $1`, [evaluation]),
        );
      return done;
    };
    await world.evaluator(slow).evaluate(world.workspaceId, evaluation);
    expect(chunks).toBe(2);
    expect(await world.members(audience)).toEqual(range(1, 1000));
    await endLeases();
    await world.evaluator().evaluate(world.workspaceId, evaluation);
    expect(await read(evaluation)).toMatchObject({ state: 'done', entered: 2500 });
  });

  it('runs the evaluations of one audience one at a time, in the order asked for', async () => {
    await world.newWorkspace(5);
    const audience = await world.newAudience(5);
    const first = await world.newEvaluation(audience);
    // Asked for twice before it began it is the same one.
    expect(await world.newEvaluation(audience)).toBe(first);
    await world.leaveRunning(first);
    const second = await world.newEvaluation(audience);
    expect(second).not.toBe(first);
    expect(await world.evaluator().evaluate(world.workspaceId, second)).toBe(false);
    const both = await Promise.all([1, 2, 3].map(() => world.evaluator().evaluate(world.workspaceId, first)));
    expect(both.filter(Boolean)).toHaveLength(1);
    // Whoever ran the first went on with the one that waited.
    expect(await read(second)).toMatchObject({ state: 'done', entered: 0, exited: 0, members: 5 });
  });

  describe('several that wait', () => {
    it('are computed in one pass, at one position and moment', async () => {
      await world.newWorkspace(40);
      const audiences = [
        await world.newAudience(30),
        await world.newAudience(10),
        await world.newAudience(20),
      ];
      const evaluations: string[] = [];
      for (const audience of audiences) evaluations.push(await world.newEvaluation(audience));
      const asked = jest.spyOn(world.clickhouse, 'query');
      const held = jest.spyOn(world.gate, 'holdLoaded');
      expect(await world.evaluator().evaluate(world.workspaceId, evaluations[0]!)).toBe(true);
      expect(asked).toHaveBeenCalledTimes(1);
      // Once for the sets; after that new definitions are looked through for whom time will move.
      expect(held).toHaveBeenCalledTimes(2);
      jest.restoreAllMocks();
      const done = await Promise.all(evaluations.map(read));
      expect(done.map((row) => [row?.state, row?.members])).toEqual([
        ['done', 30],
        ['done', 10],
        ['done', 20],
      ]);
      expect(new Set(done.map((row) => row?.asOf?.getTime())).size).toBe(1);
      for (const [index, most] of [30, 10, 20].entries())
        expect(await world.members(audiences[index]!)).toEqual(range(1, most));
      expect(await world.evaluator().evaluate(world.workspaceId, evaluations[2]!)).toBe(false);
    });

    it('keep their leases while another is written, and lose only what was taken from them', async () => {
      await world.newWorkspace(3000);
      const audiences = [
        await world.newAudience(2500),
        await world.newAudience(2600),
        await world.newAudience(2700),
      ];
      const evaluations: string[] = [];
      for (const audience of audiences) evaluations.push(await world.newEvaluation(audience));
      const leases = (): Promise<boolean[]> =>
        tx(async (t) => {
          const { rows } = await t.query<{ held: boolean }>(
            'SELECT lease_until > now() AS held FROM evaluation WHERE id = ANY($1) ORDER BY created_at',
            [evaluations],
          );
          return rows.map(({ held }) => held);
        });
      const slow = new MembershipStore();
      const apply = slow.apply.bind(slow);
      const seen: boolean[][] = [];
      slow.apply = async (t, change) => {
        seen.push(await leases());
        // As if the first chunk had taken longer than a lease; the last evaluation is taken by another worker.
        if (seen.length === 1) {
          await endLeases();
          await tx((own) =>
            own.query('UPDATE evaluation SET fence = fence + 1 WHERE id = $1', [evaluations[2]]),
          );
        }
        return apply(t, change);
      };
      await world.evaluator(slow).evaluate(world.workspaceId, evaluations[0]!);
      expect(seen.slice(0, 2)).toEqual([
        [true, true, true],
        [true, true, false],
      ]);
      const states = await Promise.all(evaluations.map(async (id) => (await read(id))?.state));
      expect(states).toEqual(['done', 'done', 'running']);
      expect(await world.members(audiences[2]!)).toEqual([]);
      expect(await world.evaluator().evaluate(world.workspaceId, evaluations[2]!)).toBe(true);
      expect(await world.members(audiences[2]!)).toEqual(range(1, 2700));
    });

    it('do not fail for one that cannot be read, or that the engine cannot compute', async () => {
      await world.newWorkspace(10);
      const audiences = [await world.newAudience(4), await world.newAudience(5), await world.newAudience(6)];
      const define = (audience: string | undefined, definition: object): Promise<unknown> =>
        tx((t) =>
          t.query('UPDATE audience_definition SET definition = $2 WHERE audience_id = $1', [
            audience,
            definition,
          ]),
        );
      await define(audiences[0], { version: 9 });
      const evaluations: string[] = [];
      for (const audience of audiences) evaluations.push(await world.newEvaluation(audience));
      const query = world.clickhouse.query.bind(world.clickhouse) as (params: object) => Promise<never>;
      jest.spyOn(world.clickhouse, 'query').mockImplementation((params) => {
        // Numbers of people up to 6 are too much for this engine.
        if (Object.values(params.query_params ?? {}).includes('6')) throw new Error('memory limit exceeded');
        return query(params);
      });
      await world.evaluator().evaluate(world.workspaceId, evaluations[1]!);
      jest.restoreAllMocks();
      const states = await Promise.all(evaluations.map(async (id) => (await read(id))?.state));
      expect(states).toEqual(['failed', 'done', 'failed']);
      expect(await world.members(audiences[1]!)).toEqual(range(1, 5));
    });
  });

  it('fails what it cannot read, with the reason, and leaves members alone', async () => {
    await world.newWorkspace(5);
    const audience = await world.newAudience(5);
    await world.evaluator().evaluate(world.workspaceId, await world.newEvaluation(audience));
    await tx((t) =>
      t.query(`UPDATE audience_definition SET definition = '{"version": 9}' WHERE audience_id = $1`, [
        audience,
      ]),
    );
    const broken = await world.newEvaluation(audience);
    await world.evaluator().evaluate(world.workspaceId, broken);
    expect(await read(broken)).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('cannot read'),
    });
    expect(await world.members(audience)).toEqual(range(1, 5));
  });

  it('writes a delta only where something changed', async () => {
    await world.newWorkspace(4);
    const audienceId = await world.newAudience(4);
    const change = {
      audienceId,
      cause: { kind: 'erasure' as const },
      definitionVersion: 1,
      at: world.clock.now(),
    };
    const apply = (entered: number[], exited: number[]): Promise<AppliedChange> =>
      tx((t) => world.memberships.apply(t, { ...change, entered, exited }));
    expect(await apply([1, 2, 9], [3])).toEqual({ entered: 2, exited: 0 });
    expect(await apply([1, 2, 3], [])).toEqual({ entered: 1, exited: 0 });
    expect(await apply([], [1, 1, 4])).toEqual({ entered: 0, exited: 1 });
    expect(await apply([1], [])).toEqual({ entered: 1, exited: 0 });
    await world.sequencer.drain(world.workspaceId);
    const deltas = await tx((t) => world.log.deltas(t, { audienceId, afterPos: 0, limit: 10 }));
    expect(deltas.map(({ person, op, version }) => [person, op, version])).toEqual([
      [1, 'enter', 1],
      [2, 'enter', 1],
      [3, 'enter', 1],
      [1, 'exit', 2],
      [1, 'enter', 3],
    ]);
    expect(await tx((t) => world.audiences.find(t, audienceId))).toMatchObject({ members: 3 });
  });

  describe('persons who come and go', () => {
    const ref = async (person: number): Promise<{ person: number; profileId: string }> => {
      const [profileId = ''] = await tx((t) => world.audiences.profileIds(t, [person]));
      return { person, profileId };
    };
    const causes = async (audience: string): Promise<unknown[]> => {
      await world.sequencer.drain(world.workspaceId);
      const deltas = await tx((t) => world.log.deltas(t, { audienceId: audience, afterPos: 3, limit: 10 }));
      return deltas.map(({ person, op, version, cause }) => [person, op, version, cause.kind]);
    };

    it('lets the loser of a merge leave, and come back when it is undone', async () => {
      await world.newWorkspace(3);
      const audience = await world.newAudience(3);
      await world.evaluator().evaluate(world.workspaceId, await world.newEvaluation(audience));
      const pair = { winner: await ref(1), loser: await ref(2) };
      await tx((t) => world.hooks.merged(t, [pair], world.clock.now()));
      expect(await world.members(audience)).toEqual([1, 3]);
      await tx((t) => world.hooks.unmerged(t, pair, world.clock.now()));
      await tx((t) => world.hooks.erased(t, [pair.winner], world.clock.now()));
      expect(await causes(audience)).toEqual([
        [2, 'exit', 2, 'merge'],
        [2, 'enter', 3, 'unmerge'],
        [1, 'exit', 2, 'erasure'],
      ]);
      expect(await tx((t) => world.audiences.find(t, audience))).toMatchObject({ members: 2 });
    });

    it('waits for a merge under way, and does not let its loser in', async () => {
      await world.newWorkspace(3);
      const audience = await world.newAudience(3);
      const evaluation = await world.newEvaluation(audience);
      const pair = { winner: await ref(1), loser: await ref(2) };
      let evaluating: Promise<boolean> | undefined;
      await tx(async (t) => {
        await t.query(`UPDATE profile SET state = 'merged' WHERE person = 2`);
        await world.hooks.merged(t, [pair], world.clock.now());
        evaluating = world.evaluator().evaluate(world.workspaceId, evaluation);
        await new Promise((resolve) => setTimeout(resolve, 300));
      });
      expect(await evaluating).toBe(true);
      expect(await world.members(audience)).toEqual([1, 3]);
    });

    it('never lets a loser in, however evaluation and merge meet', async () => {
      await world.newWorkspace(40);
      const audience = await world.newAudience(40);
      const merges = Array.from({ length: 20 }, async (_, index) => {
        const pair = { winner: await ref(index * 2 + 1), loser: await ref(index * 2 + 2) };
        await tx(async (t) => {
          await t.query(`UPDATE profile SET state = 'merged' WHERE person = $1`, [pair.loser.person]);
          await world.hooks.merged(t, [pair], world.clock.now());
        });
      });
      const evaluation = await world.newEvaluation(audience);
      await Promise.all([...merges, world.evaluator().evaluate(world.workspaceId, evaluation)]);
      expect(await read(evaluation)).toMatchObject({ state: 'done' });
      expect(await world.members(audience)).toEqual(range(0, 19).map((index) => index * 2 + 1));
      await world.sequencer.drain(world.workspaceId);
      expect(await world.replay(audience)).toEqual(await world.members(audience));
    });
  });
});
