import { MappingRunner } from '@percorso/mapping';
import { DeliveryWaker } from '@percorso/delivery';
import { Leases } from '@percorso/storage';
import { PlanPump } from './plan-pump';
import { Planner } from './planner';
import { useSyncWorld } from './testing/sync-fixture';
import type { SyncWorld } from './testing/sync-world';
import type { SyncUnderTest, SyncWorkspace } from './testing/sync-workspace';

/** Three pages. */
const MEMBERS = 1200;

class PlannerDied extends Error {}

describe('planning', () => {
  let world: SyncWorld;
  let workspace: SyncWorkspace;
  let sync: SyncUnderTest;
  let run: string;

  useSyncWorld((started) => (world = started));

  beforeEach(async () => {
    workspace = await world.workspace(MEMBERS);
    sync = await workspace.sync();
    await workspace.change(Array.from({ length: MEMBERS }, (_, at) => at + 1));
    run = await workspace.startRun(sync);
  });
  afterEach(() => jest.restoreAllMocks());

  /** At its `page`th page the planner waits for `until` after it mapped and before it writes. */
  function atPage(page: number, until: () => Promise<void>): void {
    const runner = world.app.get(MappingRunner);
    const original = runner.run.bind(runner);
    let pages = 0;
    jest.spyOn(runner, 'run').mockImplementation(async (...given) => {
      const results = await original(...given);
      if (++pages === page) await until();
      return results;
    });
  }

  async function expectEachPlannedOnce(): Promise<void> {
    const effects = await workspace.effectsPerPerson();
    expect(effects.size).toBe(MEMBERS);
    expect(new Set(effects.values())).toEqual(new Set([1]));
    const { rows } = await world.database.tx(workspace.id, (tx) =>
      tx.query('SELECT state, planned::int AS planned FROM sync_run WHERE workspace_id = $1 AND id = $2', [
        workspace.id,
        run,
      ]),
    );
    expect(rows).toEqual([{ state: 'delivering', planned: MEMBERS }]);
  }

  it('plans each member once when a planner dies before it writes a page', async () => {
    atPage(2, () => Promise.reject(new PlannerDied()));
    await expect(workspace.plan(run)).rejects.toThrow(PlannerDied);
    expect((await workspace.run(run)).counts.planned).toBe(500);
    await workspace.outlivePlanner(run);
    await workspace.plan(run);
    await expectEachPlannedOnce();
  });

  it('plans each member once when a planner dies after it wrote a page', async () => {
    jest.spyOn(world.app.get(DeliveryWaker), 'wake').mockRejectedValueOnce(new PlannerDied());
    await expect(workspace.plan(run)).rejects.toThrow(PlannerDied);
    expect((await workspace.run(run)).counts.planned).toBe(500);
    await workspace.outlivePlanner(run);
    await workspace.plan(run);
    await expectEachPlannedOnce();
  });

  it('does not wait for the lease of a planner whose process is dead', async () => {
    const { id: owner } = world.app.get(Leases);
    atPage(2, () => Promise.reject(new PlannerDied()));
    await expect(workspace.plan(run)).rejects.toThrow(PlannerDied);
    await workspace.plan(run);
    expect((await workspace.run(run)).counts.planned).toBe(500);
    const tell = (seconds: number): Promise<unknown> =>
      world.database.control((tx) =>
        tx.query(
          `INSERT INTO worker (id, name, kinds, alive_until) VALUES ($1, 'spec', '{}', now() + $2 * interval '1 second')
           ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until`,
          [owner, seconds],
        ),
      );
    await tell(60);
    await workspace.plan(run);
    expect((await workspace.run(run)).counts.planned).toBe(500);
    await tell(-1);
    await workspace.plan(run);
    await expectEachPlannedOnce();
    await world.database.control((tx) => tx.query('DELETE FROM worker WHERE id = $1', [owner]));
  });

  it('gives back what it could not plan, so that it is tried again before its lease ends', async () => {
    atPage(2, () => Promise.reject(new PlannerDied()));
    const pump = new PlanPump(world.app.get(Planner));
    pump.wake(workspace.id, run);
    await pump.settled();
    expect((await workspace.run(run)).counts.planned).toBe(500);
    await workspace.plan(run);
    await expectEachPlannedOnce();
  });

  it('leaves a run to the planner that has it', async () => {
    atPage(1, async () => {
      await workspace.plan(run);
      expect((await workspace.run(run)).counts.planned).toBe(0);
    });
    await workspace.plan(run);
    await expectEachPlannedOnce();
  });

  it('makes void what a planner writes after another took its run over', async () => {
    atPage(2, async () => {
      await workspace.outlivePlanner(run);
      await workspace.plan(run);
      await expectEachPlannedOnce();
    });
    await workspace.plan(run);
    await expectEachPlannedOnce();
    await world.deliver(workspace.id, workspace.connectorId);
    const written = (await world.twin.journal()).filter(({ key }) =>
      String(key.email).endsWith(`@${workspace.id}.example`),
    );
    expect(written).toHaveLength(MEMBERS);
    expect(await workspace.reconciliation(sync)).toMatchObject({ accepted: MEMBERS, balanced: true });
  });

  it('is not disturbed by those who ask for another run meanwhile', async () => {
    let planned = false;
    const planning = workspace.plan(run).finally(() => (planned = true));
    const answers = new Set<unknown>();
    while (!planned) {
      const { status, body } = await workspace.call('POST', `/v1/syncs/${sync.id}/run`);
      answers.add(`${status} ${body.code}`);
    }
    await planning;
    expect([...answers]).toEqual(['409 run-open']);
    await expectEachPlannedOnce();
  });

  it('counts as pending in the reconciliation what is not planned yet', async () => {
    expect(await workspace.reconciliation(sync)).toEqual({
      members: MEMBERS,
      accepted: 0,
      rejected: 0,
      suppressed: 0,
      dropped: 0,
      pending: MEMBERS,
      unknown: 0,
      balanced: true,
    });
  });
});
