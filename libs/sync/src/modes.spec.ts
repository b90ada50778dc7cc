import { ConnectorRuntime } from '@percorso/connector';
import type { SyncMode } from './sync-mode';
import { useSyncWorld } from './testing/sync-fixture';
import type { SyncWorld } from './testing/sync-world';
import type { SyncUnderTest, SyncWorkspace } from './testing/sync-workspace';

describe('what a sync tells', () => {
  let world: SyncWorld;
  let workspace: SyncWorkspace;
  let seen = 0;

  useSyncWorld((started) => (world = started));

  beforeEach(async () => {
    workspace = await world.workspace(4);
    seen = (await world.twin.journal()).length;
  });

  /** What the campaign system was told since the last look, in the order of persons: `2 upsert`. */
  async function told(): Promise<string[]> {
    const journal = await world.twin.journal();
    const news = journal.slice(seen);
    seen = journal.length;
    return news
      .map(({ key, attributes }) => {
        const person = [1, 2, 3, 4].find((one) => workspace.email(one) === key.email);
        return `${person} ${'blackListEmail' in attributes ? 'remove' : 'upsert'}`;
      })
      .sort();
  }

  /** Three runs: everybody's first; then 1 left, 2 changed, 4 came; then 1 came back. */
  async function story(sync: SyncUnderTest): Promise<string[][]> {
    const runs: string[][] = [];
    await workspace.change([1, 2, 3]);
    await world.runToEnd(workspace, sync);
    runs.push(await told());
    await workspace.change([4], [1]);
    await workspace.setTrait(2, 'lastName', 'Changed');
    await world.runToEnd(workspace, sync);
    runs.push(await told());
    await workspace.change([1]);
    await world.runToEnd(workspace, sync);
    runs.push(await told());
    return runs;
  }

  const FIRST = ['1 upsert', '2 upsert', '3 upsert'];
  it.each<[SyncMode, string[][]]>([
    ['full', [FIRST, ['2 upsert', '3 upsert', '4 upsert'], ['1 upsert', '2 upsert', '3 upsert', '4 upsert']]],
    ['mirror', [FIRST, ['1 remove', '2 upsert', '4 upsert'], ['1 upsert']]],
    ['incremental', [FIRST, ['2 upsert', '4 upsert'], ['1 upsert']]],
    ['append', [FIRST, ['4 upsert'], []]],
    ['update-only', [[], [], []]],
  ])('in mode %s', async (mode, expected) => {
    const sync = await workspace.sync(undefined, { mode });
    expect(await story(sync)).toEqual(expected);
    expect(await workspace.reconciliation(sync)).toMatchObject(
      mode === 'update-only'
        ? { members: 4, dropped: 4, balanced: true }
        : { members: 4, accepted: mode === 'append' ? 3 : 4, balanced: true },
    );
  });

  it('in mode update-only: of whom the target has a record, whoever made it, and of nobody else', async () => {
    const other = await workspace.sync(undefined, { mode: 'mirror' });
    const sync = await workspace.sync(undefined, { mode: 'update-only' });
    await workspace.change([1, 2]);
    await world.runToEnd(workspace, other);
    await told();
    // The ledger knows nothing of it: as if somebody had entered it in Campaign.
    await world.database.tx(workspace.id, (tx) =>
      tx.query('DELETE FROM effect WHERE workspace_id = $1 AND person = 2', [workspace.id]),
    );
    await workspace.change([3]);
    const dry = await workspace.call('GET', `/v1/syncs/${sync.id}/dry-run`);
    await world.runToEnd(workspace, sync);
    expect(await told()).toEqual(['1 upsert', '2 upsert']);
    expect(JSON.stringify(dry.body)).toContain('not-there');
    await workspace.setTrait(2, 'lastName', 'Changed');
    await world.runToEnd(workspace, sync);
    expect(await told()).toEqual(['2 upsert']);
    expect(await workspace.reconciliation(sync)).toMatchObject({
      members: 3,
      accepted: 2,
      dropped: 1,
      balanced: true,
    });
  });

  it('in mode update-only by the ledger, where the target cannot be asked', async () => {
    const runtime = world.app.get(ConnectorRuntime);
    const describeConnector = runtime.describe.bind(runtime);
    const cannot = jest
      .spyOn(runtime, 'describe')
      .mockImplementation(async (...which) => ({ ...(await describeConnector(...which)), lookup: false }));
    const asked = jest.spyOn(runtime, 'lookup');
    const other = await workspace.sync(undefined, { mode: 'mirror' });
    const sync = await workspace.sync(undefined, { mode: 'update-only' });
    await workspace.change([1, 2]);
    await world.runToEnd(workspace, other);
    await told();
    await world.runToEnd(workspace, sync);
    expect(await told()).toEqual(['1 upsert', '2 upsert']);
    await workspace.setTrait(2, 'lastName', 'Changed');
    await world.runToEnd(workspace, sync);
    expect(await told()).toEqual(['2 upsert']);
    await workspace.change([3], [1]);
    await world.runToEnd(workspace, other);
    await told();
    await workspace.change([1]);
    await world.runToEnd(workspace, sync);
    expect(await told()).toEqual(['3 upsert']);
    expect(await workspace.reconciliation(sync)).toMatchObject({
      members: 3,
      accepted: 2,
      dropped: 1,
      balanced: true,
    });
    expect(asked).not.toHaveBeenCalled();
    cannot.mockRestore();
    asked.mockRestore();
  });

  it('in mode incremental of who leaves what the exit mapping says, and nothing where it says nothing', async () => {
    const exit = 'profile.traits.lastName = "Nr 1" ? {"email": profile.traits.email, "lastName": "left"}';
    const sync = await workspace.sync(exit, { mode: 'incremental' });
    await workspace.change([1, 2]);
    await world.runToEnd(workspace, sync);
    await told();
    await workspace.change([], [1, 2]);
    await world.runToEnd(workspace, sync);
    expect(await told()).toEqual(['1 upsert']);
  });

  it('of a row that was dropped: again once it maps, and not before', async () => {
    const sync = await workspace.sync(undefined, { mode: 'mirror' });
    await workspace.setTrait(1, 'email', null);
    await workspace.change([1]);
    await world.runToEnd(workspace, sync);
    const second = await world.runToEnd(workspace, sync);
    expect((await workspace.run(second)).counts).toMatchObject({ planned: 0 });
    await workspace.setTrait(1, 'email', workspace.email(1));
    await world.runToEnd(workspace, sync);
    expect(await told()).toEqual(['1 upsert']);
    expect(await workspace.reconciliation(sync)).toMatchObject({ accepted: 1, dropped: 0, balanced: true });
  });

  it('of a row that waits: what is newest, once', async () => {
    const sync = await workspace.sync(undefined, { mode: 'mirror' });
    await workspace.change([1]);
    const first = await workspace.startRun(sync);
    await workspace.plan(first);
    await world.database.tx(workspace.id, (tx) =>
      tx.query(`UPDATE sync_run SET state = 'done' WHERE workspace_id = $1 AND id = $2`, [
        workspace.id,
        first,
      ]),
    );
    await workspace.setTrait(1, 'lastName', 'Newest');
    await world.runToEnd(workspace, sync);
    expect(await told()).toEqual(['1 upsert']);
    const row = (await world.twin.rows()).find(({ email }) => email === workspace.email(1));
    expect(row).toMatchObject({ lastName: 'Newest' });
    expect((await workspace.run(first)).counts).toMatchObject({ superseded: 1 });
  });

  it('is refused at save where the plugin cannot, and changed by an edit', async () => {
    const sync = await workspace.sync();
    const get = await workspace.call('GET', `/v1/syncs/${sync.id}`);
    expect(get.body).toMatchObject({
      mode: 'mirror',
      version: 1,
      triggers: { schedule: null, afterEvaluation: false, onDelta: false },
    });
    const patch = (body: object, tag = '"1"') =>
      workspace.call('PATCH', `/v1/syncs/${sync.id}`, body, { 'if-match': tag });
    const refused = await patch({ mode: 'full', triggers: { onDelta: true } });
    expect([refused.status, refused.body.errors]).toEqual([
      422,
      [expect.objectContaining({ pointer: '/triggers/onDelta', code: 'full-on-delta' })],
    ]);
    expect((await patch({ triggers: { schedule: { cron: 'x', zone: 'Rome' } } })).body.errors).toEqual([
      expect.objectContaining({ pointer: '/triggers/schedule/cron' }),
      expect.objectContaining({ pointer: '/triggers/schedule/zone' }),
    ]);
    expect((await patch({ mode: 'append' })).body).toMatchObject({ mode: 'append', version: 2 });
    expect((await patch({ mode: 'full' })).status).toBe(412);
  });
});
