import { newId } from '@percorso/kernel';
import type { RunView } from './sync.dto';
import { useSyncWorld } from './testing/sync-fixture';
import type { SyncWorld } from './testing/sync-world';
import type { SyncUnderTest, SyncWorkspace } from './testing/sync-workspace';
import { Triggers } from './triggers';

const DAILY = { schedule: { cron: '0 6 * * *', zone: 'Europe/Rome' } };

describe('what begins runs', () => {
  let world: SyncWorld;
  let workspace: SyncWorkspace;
  let sync: SyncUnderTest;

  useSyncWorld((started) => (world = started));

  beforeEach(async () => {
    workspace = await world.workspace(4);
  });

  const look = (): Promise<number> => world.app.get(Triggers).look(workspace.id);

  async function runs(): Promise<RunView[]> {
    const { body } = await workspace.call('GET', `/v1/syncs/${sync.id}/runs`);
    return body.data as RunView[];
  }
  const triggers = async (): Promise<string[]> => (await runs()).map((run) => `${run.trigger} ${run.state}`);

  async function nextRunAt(): Promise<Date> {
    return new Date(String((await workspace.call('GET', `/v1/syncs/${sync.id}`)).body.nextRunAt));
  }
  /** The clock stands at the schedule's next moment. */
  async function untilDue(): Promise<void> {
    world.clock.set(await nextRunAt());
  }

  async function evaluated(endedAt = world.clock.now()): Promise<void> {
    await world.database.tx(workspace.id, (tx) =>
      tx.query(
        `INSERT INTO evaluation (workspace_id, id, audience_id, definition_version, state, created_at, ended_at)
         VALUES ($1, $2, $3, 1, 'done', $4, $4)`,
        [workspace.id, newId(), workspace.audienceId, endedAt],
      ),
    );
  }

  it('is a schedule, by the clocks of its zone', async () => {
    sync = await workspace.sync(undefined, { triggers: DAILY });
    const due = await nextRunAt();
    const time = (zone: string): string => due.toLocaleTimeString('en-GB', { timeZone: zone });
    expect(time('Europe/Rome')).toBe('06:00:00');
    await workspace.change([1]);
    expect(await look()).toBe(0);
    await untilDue();
    expect(await look()).toBe(1);
    expect(await look()).toBe(0);
    expect(await triggers()).toEqual(['schedule planning']);
    expect((await nextRunAt()).getTime()).toBeGreaterThan(due.getTime());
  });

  it('is one run for all moments that were missed', async () => {
    sync = await workspace.sync(undefined, { triggers: DAILY });
    world.clock.advance(10 * 86_400_000);
    expect(await look()).toBe(1);
    await world.finish(workspace, (await runs())[0]!.id);
    expect(await look()).toBe(0);
  });

  it('waits while a run is open, and is not lost', async () => {
    sync = await workspace.sync(undefined, { triggers: DAILY });
    await workspace.change([1]);
    const open = await workspace.startRun(sync);
    await untilDue();
    expect(await look()).toBe(0);
    await workspace.plan(open);
    expect(await look()).toBe(0);
    await world.finish(workspace, open);
    await workspace.change([2]);
    expect(await look()).toBe(1);
    const [second] = await runs();
    expect(second).toMatchObject({ trigger: 'schedule', state: 'planning' });
    await world.finish(workspace, second!.id);
    expect((await runs())[0]).toMatchObject({ state: 'done', counts: { planned: 1, accepted: 1 } });
    expect(await triggers()).toHaveLength(2);
  });

  it('begins one run however many hubs look', async () => {
    sync = await workspace.sync(undefined, { triggers: DAILY });
    await untilDue();
    const begun = await Promise.all(Array.from({ length: 6 }, look));
    expect(begun.reduce((sum, one) => sum + one, 0)).toBe(1);
    expect(await triggers()).toEqual(['schedule planning']);
  });

  it('waits while the sync is paused, and runs once when it is resumed', async () => {
    sync = await workspace.sync(undefined, { triggers: { ...DAILY, onDelta: true } });
    await workspace.change([1]);
    await workspace.call('POST', `/v1/syncs/${sync.id}/pause`);
    world.clock.advance(3 * 86_400_000);
    expect(await look()).toBe(0);
    await workspace.call('POST', `/v1/syncs/${sync.id}/resume`);
    expect(await look()).toBe(1);
    expect(await triggers()).toEqual(['schedule planning']);
  });

  it('goes by the new clock of the workspace, where the schedule names none', async () => {
    sync = await workspace.sync(undefined, { triggers: { schedule: { cron: '30 12 * * *' } } });
    const before = await nextRunAt();
    const { status } = await workspace.call(
      'PATCH',
      `/v1/workspaces/${workspace.id}`,
      { settings: { timezone: 'Asia/Tokyo' } },
      { 'if-match': '*' },
    );
    expect(status).toBe(200);
    const due = await nextRunAt();
    expect(due).not.toEqual(before);
    expect(due.toLocaleTimeString('en-GB', { timeZone: 'Asia/Tokyo' })).toBe('12:30:00');
  });

  it('is the end of an evaluation, of those that end from now on', async () => {
    await evaluated();
    sync = await workspace.sync(undefined, { triggers: { afterEvaluation: true } });
    expect(await look()).toBe(0);
    world.clock.advance(1000);
    await evaluated();
    expect(await look()).toBe(1);
    expect(await look()).toBe(0);
    // One that ends while the run is open begins the next.
    world.clock.advance(1000);
    await evaluated();
    expect(await look()).toBe(0);
    await world.finish(workspace, (await runs())[0]!.id);
    expect(await look()).toBe(1);
    expect(await triggers()).toEqual(['evaluation planning', 'evaluation done']);
  });

  it('is every delta: one run at a time, which takes what comes while it delivers', async () => {
    sync = await workspace.sync(undefined, { triggers: { onDelta: true } });
    await workspace.change([1]);
    expect(await look()).toBe(1);
    const [first] = await runs();
    await workspace.change([2]);
    expect(await look()).toBe(0);
    await workspace.plan(first!.id);
    // The first read the members and told of 2 with them; what the log says of it is known by then.
    await workspace.change([3], [2]);
    expect(await look()).toBe(1);
    await world.finish(workspace, first!.id);
    expect(await runs()).toMatchObject([{ id: first!.id, state: 'done', trigger: 'delta' }]);
    expect(await workspace.reconciliation(sync)).toMatchObject({ members: 2, accepted: 2, balanced: true });
    expect(await look()).toBe(0);
    await workspace.change([], [1]);
    expect(await look()).toBe(1);
    expect(await triggers()).toEqual(['delta planning', 'delta done']);
  });

  it('with every delta maps by the newest mapping, and says so of every row', async () => {
    sync = await workspace.sync(undefined, { triggers: { onDelta: true } });
    await workspace.change([1]);
    await look();
    const [run] = await runs();
    await workspace.plan(run!.id);
    const expression = '{"email": profile.traits.email, "lastName": "v2"}';
    const put = { expression, required: ['email'] };
    await workspace.call('PUT', `/v1/mappings/${sync.mappingId}`, put, { 'if-match': '"1"' });
    await workspace.change([2]);
    expect(await look()).toBe(1);
    await world.finish(workspace, run!.id);
    const { rows } = await world.database.tx(workspace.id, (tx) =>
      tx.query(
        `SELECT person, mapping_version, payload ->> 'lastName' AS name FROM effect WHERE workspace_id = $1 ORDER BY 1`,
        [workspace.id],
      ),
    );
    expect(rows).toEqual([
      { person: 1, mapping_version: 1, name: 'Nr 1' },
      { person: 2, mapping_version: 2, name: 'v2' },
    ]);
  });
});
