import { Sequencer } from '@percorso/segmentation';
import { ProfileService } from '@percorso/profile';
import { ErasureRemovals } from './erasure-removals';
import type { RunCounts } from './run.store';
import { useSyncWorld } from './testing/sync-fixture';
import type { SyncWorld } from './testing/sync-world';
import type { SyncUnderTest, SyncWorkspace } from './testing/sync-workspace';

const LEFT = '{"email": profile.traits.email, "lastName": "left: " & membership.op}';

describe('members who leave', () => {
  let world: SyncWorld;
  let workspace: SyncWorkspace;
  let sync: SyncUnderTest;

  useSyncWorld((started) => (world = started));

  beforeEach(async () => {
    workspace = await world.workspace(4);
    sync = await workspace.sync();
  });

  /** One run to its end. */
  async function run(): Promise<RunCounts> {
    const id = await workspace.startRun(sync);
    await workspace.plan(id);
    await world.deliver(workspace.id, workspace.connectorId);
    await world.database.tx(workspace.id, (tx) =>
      tx.query(`UPDATE sync_run SET state = 'done' WHERE workspace_id = $1 AND id = $2`, [workspace.id, id]),
    );
    return (await workspace.run(id)).counts;
  }

  const recipient = async (person: number) =>
    (await world.twin.rows()).find(({ email }) => email === workspace.email(person));

  const writes = async (person: number): Promise<unknown[]> =>
    (await world.twin.journal())
      .filter(({ key }) => key.email === workspace.email(person))
      .map(({ attributes }) => attributes);

  it('are removed from the campaign system, the others are not touched', async () => {
    await workspace.change([1, 2, 3]);
    await run();
    await workspace.change([], [2]);
    expect(await run()).toMatchObject({ planned: 1, accepted: 1 });
    expect(await recipient(2)).toMatchObject({ blackListEmail: true });
    expect(await recipient(1)).not.toHaveProperty('blackListEmail');
    expect(await writes(1)).toHaveLength(1);
    expect(await workspace.reconciliation(sync)).toMatchObject({ members: 2, accepted: 2, balanced: true });
  });

  it('are written as the exit mapping says, and removed where it says nothing', async () => {
    sync = await workspace.sync(LEFT);
    await workspace.change([1]);
    await run();
    await workspace.change([], [1]);
    expect(await run()).toMatchObject({ accepted: 1 });
    expect(await recipient(1)).toMatchObject({ lastName: 'left: exit' });
    expect(await recipient(1)).not.toHaveProperty('blackListEmail');

    sync = await workspace.sync('profile.traits.nothing');
    await workspace.change([2]);
    await run();
    await workspace.change([], [2]);
    expect(await run()).toMatchObject({ accepted: 1 });
    expect(await recipient(2)).toMatchObject({ blackListEmail: true });
  });

  it('are removed by the address they were written with, whatever they are called now', async () => {
    await workspace.change([1]);
    await run();
    await workspace.setTrait(1, 'email', 'moved@example.org');
    await workspace.change([], [1]);
    await run();
    expect(await recipient(1)).toMatchObject({ blackListEmail: true });
    expect((await world.twin.rows()).some(({ email }) => email === 'moved@example.org')).toBe(false);
  });

  it('and come back before a run are written once, as members', async () => {
    await workspace.change([1]);
    await run();
    await workspace.change([], [1]);
    await workspace.change([1]);
    await workspace.change([], [1]);
    await workspace.change([1]);
    expect(await run()).toMatchObject({ planned: 1, accepted: 1 });
    expect(await recipient(1)).not.toHaveProperty('blackListEmail');
  });

  it('before anything was sent are not told to the campaign system', async () => {
    await workspace.setTrait(1, 'email', null);
    await workspace.change([1]);
    await run();
    await workspace.setTrait(1, 'email', workspace.email(1));
    await workspace.change([], [1]);
    expect(await run()).toMatchObject({ planned: 1, dropped: 1 });
    expect(await recipient(1)).toBeUndefined();
  });

  it('overtake an entry that still waits: it is never written after the removal', async () => {
    await workspace.change([1]);
    const first = await workspace.startRun(sync);
    await workspace.plan(first);
    await world.database.tx(workspace.id, (tx) =>
      tx.query(`UPDATE sync_run SET state = 'done' WHERE workspace_id = $1 AND id = $2`, [
        workspace.id,
        first,
      ]),
    );
    await workspace.change([], [1]);
    await run();
    expect((await workspace.run(first)).counts).toMatchObject({ superseded: 1, accepted: 0 });
    expect(await writes(1)).toEqual([expect.objectContaining({ blackListEmail: true })]);
  });

  it('are removed although their last entry could not be written, when an earlier one was', async () => {
    await workspace.change([1]);
    await run();
    await workspace.setTrait(1, 'email', null);
    await workspace.change([], [1]);
    await workspace.change([1]);
    expect(await run()).toMatchObject({ planned: 1, dropped: 1 });
    await workspace.change([], [1]);
    expect(await run()).toMatchObject({ planned: 1, accepted: 1 });
    expect(await recipient(1)).toMatchObject({ blackListEmail: true });
  });

  it('are not removed twice', async () => {
    await workspace.change([1]);
    await run();
    await workspace.change([], [1]);
    await run();
    await workspace.setTrait(1, 'email', null);
    await workspace.change([1]);
    await run();
    await workspace.change([], [1]);
    expect(await run()).toMatchObject({ planned: 1, dropped: 1 });
    expect(await writes(1)).toHaveLength(2);
  });

  it('because they became part of another are removed, when the survivor has a record of its own', async () => {
    await workspace.change([1, 2]);
    await run();
    await workspace.merge(1, 2);
    expect(await run()).toMatchObject({ planned: 1, accepted: 1 });
    expect(await recipient(2)).toMatchObject({ blackListEmail: true });
    expect(await recipient(1)).not.toHaveProperty('blackListEmail');
    expect(await workspace.reconciliation(sync)).toMatchObject({ members: 1, accepted: 1, balanced: true });
  });

  it('because they became part of another are not, when the record is the survivor’s too', async () => {
    await workspace.setTrait(2, 'email', workspace.email(1).toUpperCase());
    await workspace.change([1, 2]);
    await run();
    await workspace.merge(1, 2);
    expect(await run()).toMatchObject({ planned: 1, superseded: 1 });
    expect(await recipient(1)).not.toHaveProperty('blackListEmail');
  });

  it('because they became part of another who was never told are removed', async () => {
    await workspace.change([2]);
    await run();
    await workspace.merge(1, 2);
    expect(await run()).toMatchObject({ planned: 1, accepted: 1 });
    expect(await recipient(2)).toMatchObject({ blackListEmail: true });
  });

  const erase = async (person: number): Promise<void> => {
    const profile = await world.database.tx(workspace.id, async (tx) => {
      const { rows } = await tx.query<{ id: string }>(
        'SELECT id FROM profile WHERE workspace_id = $1 AND person = $2',
        [workspace.id, person],
      );
      return rows[0]!.id;
    });
    await world.app.get(ProfileService).delete(workspace.id, 'spec', profile);
  };

  it('because they are erased are removed at once, in every mode, and by no run', async () => {
    for (const mode of ['mirror', 'append', 'full']) {
      workspace = await world.workspace(2);
      sync = await workspace.sync(undefined, { mode });
      await workspace.change([1, 2]);
      await run();
      await erase(1);
      await world.app.get(ErasureRemovals).look(workspace.id);
      await world.deliver(workspace.id, workspace.connectorId);
      expect(await recipient(1)).toMatchObject({ blackListEmail: true });
      expect(await recipient(2)).not.toHaveProperty('blackListEmail');
      await world.app.get(Sequencer).drain(workspace.id);
      await run();
      expect(await writes(1)).toHaveLength(2);
    }
  });

  it('and are erased before a run told so are removed all the same', async () => {
    await workspace.change([1]);
    await run();
    await workspace.change([], [1]);
    await erase(1);
    await world.app.get(ErasureRemovals).look(workspace.id);
    await world.deliver(workspace.id, workspace.connectorId);
    expect(await recipient(1)).toMatchObject({ blackListEmail: true });
    expect(await run()).toMatchObject({ planned: 0 });
  });

  it('because they are erased are not removed from where nothing was written', async () => {
    await workspace.change([2]);
    await run();
    await workspace.change([1]);
    await erase(1);
    await world.app.get(ErasureRemovals).look(workspace.id);
    await world.deliver(workspace.id, workspace.connectorId);
    expect(await writes(1)).toEqual([]);
    expect(await workspace.effectsPerPerson()).toEqual(new Map([[2, 1]]));
  });
});
