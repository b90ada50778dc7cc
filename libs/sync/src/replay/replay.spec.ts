import { MappingRunner } from '@percorso/mapping';
import type { DeadLetterView } from '../dead-letter.dto';
import { RunControl } from '../run-control';
import { useSyncWorld } from '../testing/sync-fixture';
import type { SyncWorld } from '../testing/sync-world';
import type { SyncUnderTest, SyncWorkspace } from '../testing/sync-workspace';
import type { ReplayView } from './replay.dto';

/** Dead letters sent again in the background. */
describe('a replay', () => {
  let world: SyncWorld;
  let workspace: SyncWorkspace;
  let sync: SyncUnderTest;
  let run: string;

  useSyncWorld((started) => (world = started));
  afterEach(() => jest.restoreAllMocks());

  async function allDropped(members: number): Promise<void> {
    ({ workspace, sync, run } = await world.allDropped(members));
  }

  const begin = async (body: object, headers: object = {}): Promise<ReplayView> => {
    const answer = await workspace.call('POST', '/v1/dead-letters/replay', body, headers);
    expect([answer.status, answer.body.code]).toEqual([202, undefined]);
    return answer.body as unknown as ReplayView;
  };
  const read = async (id: string): Promise<ReplayView> =>
    (await workspace.call('GET', `/v1/replays/${id}`)).body as unknown as ReplayView;
  const turn = async (id: string, what: 'pause' | 'resume' | 'cancel'): Promise<ReplayView> => {
    const answer = await workspace.call('POST', `/v1/replays/${id}/${what}`);
    expect(answer.status).toBe(200);
    return answer.body as unknown as ReplayView;
  };
  const deliver = (): Promise<void> => world.deliver(workspace.id, workspace.connectorId);
  const letters = async (query = ''): Promise<DeadLetterView[]> =>
    (await workspace.call('GET', `/v1/dead-letters?limit=200${query}`)).body.data as DeadLetterView[];
  const writes = (): Promise<number[]> => world.writes(workspace);

  it('goes on while its run counts its rows again, and ends with it', async () => {
    await allDropped(7);
    const { id } = await begin({ runId: run, rowsPerSecond: 1 });
    await world.replay(workspace);
    expect(await read(id)).toMatchObject({ state: 'running', expected: 7, looked: 3, replayed: 3 });
    expect(await workspace.run(run)).toMatchObject({
      state: 'delivering',
      endedAt: null,
      counts: { planned: 7, dropped: 4, pending: 3 },
    });
    for (let second = 0; second < 6; second++) {
      await deliver();
      const { counts } = await workspace.run(run);
      expect(counts.accepted).toBe(second + 1);
      expect(await workspace.reconciliation(sync)).toMatchObject({ members: 7, balanced: true });
      world.clock.advance(1000);
      await world.replay(workspace);
    }
    await deliver();
    expect(await read(id)).toMatchObject({ state: 'done', progress: 1, counts: { planned: 7, accepted: 7 } });
    expect(await workspace.run(run)).toMatchObject({ state: 'done', endedAt: expect.any(String) });
    expect(await writes()).toEqual(Array(7).fill(1));
  });

  it('is chosen by reason, run, connector or ids, over several syncs', async () => {
    await allDropped(3);
    const other = await workspace.sync();
    await world.runToEnd(workspace, other);
    const chosen = { connectorId: workspace.connectorId, reasonCode: 'missing-required' };
    expect(await begin(chosen)).toMatchObject({ state: 'running', expected: 6, looked: 0, chosen });
    await world.replay(workspace);
    await deliver();
    // The other sync's own mapping was not mended.
    expect(await workspace.reconciliation(sync)).toMatchObject({ accepted: 3, balanced: true });
    expect(await workspace.reconciliation(other)).toMatchObject({ dropped: 3, balanced: true });
    const listed = (await workspace.call('GET', '/v1/replays')).body.data as ReplayView[];
    expect(listed).toMatchObject([
      { state: 'done', looked: 6, replayed: 3, dropped: 3, counts: { accepted: 3 } },
    ]);
    const [one] = await letters();
    expect(await begin({ ids: [one!.id] })).toMatchObject({ expected: 1 });
    const nothing = await workspace.call('POST', '/v1/dead-letters/replay', { state: 'dropped' });
    expect([nothing.status, nothing.body.errors]).toEqual([
      422,
      [expect.objectContaining({ pointer: '/syncId' })],
    ]);
    const stranger = await world.workspace(1);
    expect((await stranger.call('GET', `/v1/replays/${listed[0]!.id}`)).status).toBe(404);
    expect((await stranger.call('POST', '/v1/dead-letters/replay', { runId: run })).body).toMatchObject({
      expected: 0,
    });
  });

  it('pauses, resumes and is cancelled: what waits is a dead letter again', async () => {
    await allDropped(8);
    const { id } = await begin({ syncId: sync.id, rowsPerSecond: 1 });
    await world.replay(workspace);
    await turn(id, 'pause');
    world.clock.advance(60_000);
    await world.replay(workspace);
    expect(await read(id)).toMatchObject({ state: 'paused', looked: 3 });
    await deliver();
    await turn(id, 'resume');
    await world.replay(workspace);
    // Time that it slept through is not made up for.
    expect(await read(id)).toMatchObject({ looked: 6, counts: { accepted: 3, pending: 3 } });
    await deliver();
    expect(await turn(id, 'cancel')).toMatchObject({
      state: 'cancelled',
      counts: { accepted: 4, dropped: 2, pending: 0 },
    });
    expect((await letters()).map(({ reasonCode }) => reasonCode).sort()).toEqual([
      'cancelled',
      'cancelled',
      'missing-required',
      'missing-required',
    ]);
    expect(await workspace.run(run)).toMatchObject({ state: 'done', counts: { accepted: 4, dropped: 4 } });
    const again = await workspace.call('POST', `/v1/replays/${id}/resume`);
    expect([again.status, again.body.code]).toEqual([409, 'replay-ended']);
    await begin({ syncId: sync.id });
    await world.replay(workspace);
    await deliver();
    expect(await writes()).toEqual(Array(8).fill(1));
  });

  it('begins once for an Idempotency-Key, whatever became of the first answer', async () => {
    await allDropped(2);
    const key = { 'idempotency-key': 'the-same' };
    const { id } = await begin({ syncId: sync.id }, key);
    // As if the hub had died after it began the replay and before it kept the answer.
    await world.database.tx(workspace.id, (tx) =>
      tx.query('DELETE FROM idempotency WHERE workspace_id = $1', [workspace.id]),
    );
    expect((await begin({ syncId: sync.id }, key)).id).toBe(id);
    expect((await begin({ syncId: sync.id })).id).not.toBe(id);
  });

  it('voids the page in hand when it is paused or overtaken, and opens no row twice', async () => {
    await allDropped(4);
    const { id } = await begin({ syncId: sync.id });
    const runner = world.app.get(MappingRunner);
    const original = runner.run.bind(runner);
    jest.spyOn(runner, 'run').mockImplementationOnce(async (...given) => {
      await turn(id, 'pause');
      return original(...given);
    });
    await world.replay(workspace);
    expect(await read(id)).toMatchObject({ state: 'paused', looked: 0, counts: { planned: 0 } });
    await turn(id, 'resume');
    const overtaking = await begin({ syncId: sync.id });
    jest.spyOn(runner, 'run').mockImplementationOnce(async (...given) => {
      await world.replay(workspace);
      await deliver();
      return original(...given);
    });
    await world.replay(workspace);
    expect(await read(id)).toMatchObject({ state: 'done', looked: 4, replayed: 0, skipped: 4 });
    expect(await read(overtaking.id)).toMatchObject({ replayed: 4, counts: { accepted: 4 } });
    expect(await writes()).toEqual([1, 1, 1, 1]);
  });

  it('writes nothing about somebody who is erased while a page is mapped', async () => {
    await allDropped(2);
    await begin({ syncId: sync.id });
    const runner = world.app.get(MappingRunner);
    const original = runner.run.bind(runner);
    jest.spyOn(runner, 'run').mockImplementationOnce(async (...given) => {
      const results = await original(...given);
      await world.database.tx(workspace.id, (tx) =>
        tx.query('DELETE FROM profile WHERE workspace_id = $1 AND person = 1', [workspace.id]),
      );
      return results;
    });
    await world.replay(workspace);
    const { rows } = await world.database.tx(workspace.id, (tx) =>
      tx.query(
        `SELECT person, state, reason_code, payload IS NULL AS nothing FROM effect WHERE workspace_id = $1 ORDER BY person`,
        [workspace.id],
      ),
    );
    expect(rows).toEqual([
      { person: 1, state: 'dropped', reason_code: 'profile-gone', nothing: true },
      { person: 2, state: 'pending', reason_code: null, nothing: false },
    ]);
  });

  it('sends rows of a cancelled run, which lets go only of what it had planned itself', async () => {
    await allDropped(2);
    await workspace.change([], [1]);
    const next = await workspace.startRun(sync);
    await workspace.plan(next);
    await workspace.call('POST', `/v1/runs/${next}/cancel`);
    await world.database.tx(workspace.id, (tx) =>
      tx.query('UPDATE effect SET run_id = $2 WHERE workspace_id = $1', [workspace.id, next]),
    );
    world.clock.advance(1000);
    await begin({ runId: next });
    await world.replay(workspace);
    await world.app.get(RunControl).look(workspace.id);
    await deliver();
    expect(await writes()).toEqual([1]);
  });

  it('pauses by itself when only an admin can mend what is wrong, and says what', async () => {
    await allDropped(1);
    const { id } = await begin({ syncId: sync.id });
    const connector = `/v1/connectors/${workspace.connectorId}`;
    await workspace.call('PATCH', connector, { state: 'disabled' }, { 'if-match': '*' });
    await world.replay(workspace);
    expect(await read(id)).toMatchObject({
      state: 'paused',
      error: expect.stringContaining('connector-disabled'),
    });
    await workspace.call('PATCH', connector, { state: 'active' }, { 'if-match': '*' });
    expect(await turn(id, 'resume')).toMatchObject({ error: null });
    await world.replay(workspace);
    await deliver();
    expect(await writes()).toEqual([1]);
  });
});
