import { MappingRunner } from '@percorso/mapping';
import { useSyncWorld } from './testing/sync-fixture';
import type { SyncWorld } from './testing/sync-world';
import type { SyncUnderTest, SyncWorkspace } from './testing/sync-workspace';

/** Three pages of planning. */
const MEMBERS = 1200;

describe('a paused sync', () => {
  let world: SyncWorld;
  let workspace: SyncWorkspace;
  let sync: SyncUnderTest;
  let run: string;

  useSyncWorld((started) => (world = started));

  beforeEach(async () => {
    workspace = await world.workspace(MEMBERS + 1);
    sync = await workspace.sync();
    await workspace.change(Array.from({ length: MEMBERS }, (_, at) => at + 1));
    run = await workspace.startRun(sync);
  });
  afterEach(() => jest.restoreAllMocks());

  const turn = async (what: 'pause' | 'resume'): Promise<void> => {
    const { status, body } = await workspace.call('POST', `/v1/syncs/${sync.id}/${what}`);
    expect([status, body.state]).toEqual([200, what === 'pause' ? 'paused' : 'active']);
  };

  /** The addresses written for this workspace, by the campaign system's own account. */
  const written = async (): Promise<string[]> =>
    (await world.twin.journal())
      .map(({ key }) => String(key.email))
      .filter((address) => address.endsWith(`@${workspace.id}.example`));

  const expectEachWrittenOnce = async (): Promise<void> => {
    const addresses = await written();
    expect(new Set(addresses).size).toBe(MEMBERS);
    expect(addresses).toHaveLength(MEMBERS);
  };

  it('plans nothing, and goes on at the page where it stopped', async () => {
    const runner = world.app.get(MappingRunner);
    const original = runner.run.bind(runner);
    const spy = jest.spyOn(runner, 'run');
    spy.mockImplementationOnce(original).mockImplementationOnce(async (...given) => {
      await turn('pause');
      return original(...given);
    });
    await workspace.plan(run);
    expect((await workspace.run(run)).counts.planned).toBe(500);
    await workspace.plan(run);
    expect((await workspace.run(run)).counts.planned).toBe(500);

    await turn('resume');
    await workspace.plan(run);
    expect(await workspace.run(run)).toMatchObject({
      state: 'delivering',
      counts: { planned: MEMBERS, pending: MEMBERS },
    });
    expect(new Set((await workspace.effectsPerPerson()).values())).toEqual(new Set([1]));
    await world.deliver(workspace.id, workspace.connectorId);
    await expectEachWrittenOnce();
  });

  it('lets go of its audience, which could not be archived before', async () => {
    const archive = (): Promise<{ status: number; body: object }> =>
      workspace.call('DELETE', `/v1/audiences/${workspace.audienceId}`);
    expect(await archive()).toMatchObject({
      status: 409,
      body: { code: 'in-use', detail: expect.stringContaining(sync.id) },
    });
    await turn('pause');
    expect((await archive()).status).toBe(204);
  });

  it('delivers nothing, and then the rest', async () => {
    await workspace.plan(run);
    await turn('pause');
    await world.deliver(workspace.id, workspace.connectorId);
    expect(await written()).toEqual([]);
    expect((await workspace.run(run)).counts).toMatchObject({ planned: MEMBERS, pending: MEMBERS });

    await turn('resume');
    await world.deliver(workspace.id, workspace.connectorId);
    await expectEachWrittenOnce();
    expect(await workspace.reconciliation(sync)).toMatchObject({ accepted: MEMBERS, balanced: true });
  });

  it('finishes the calls in hand and makes no other', async () => {
    await workspace.plan(run);
    const fault = await world.twin.inject({
      kind: 'slow',
      ms: 400,
      probability: 1,
      methods: ['WriteCollection'],
    });
    const pump = world.lanePump();
    pump.wake(workspace.id, workspace.connectorId);
    while ((await workspace.run(run)).counts.sending === 0);
    await turn('pause');
    await pump.settled();
    await world.twin.clearFaults(fault.id);
    const { counts } = await workspace.run(run);
    expect(counts.sending).toBe(0);
    expect(counts.accepted).toBeGreaterThan(0);
    expect(counts.accepted).toBeLessThan(MEMBERS);
    expect(counts.pending).toBe(MEMBERS - counts.accepted);
    expect(await written()).toHaveLength(counts.accepted);

    await turn('resume');
    await world.deliver(workspace.id, workspace.connectorId);
    await expectEachWrittenOnce();
  });

  it('refuses a run, and the next one covers what changed meanwhile', async () => {
    await workspace.plan(run);
    await world.deliver(workspace.id, workspace.connectorId);
    await world.database.tx(workspace.id, (tx) =>
      tx.query(`UPDATE sync_run SET state = 'done' WHERE workspace_id = $1 AND id = $2`, [workspace.id, run]),
    );
    await turn('pause');
    await workspace.change([MEMBERS + 1], [1]);
    const refused = await workspace.call('POST', `/v1/syncs/${sync.id}/run`);
    expect([refused.status, refused.body.code]).toEqual([409, 'sync-paused']);

    await turn('resume');
    const next = await workspace.startRun(sync);
    await workspace.plan(next);
    await world.deliver(workspace.id, workspace.connectorId);
    expect((await workspace.run(next)).counts).toMatchObject({ planned: 2, accepted: 2 });
    const recipients = await world.twin.rows();
    const find = (person: number) => recipients.find(({ email }) => email === workspace.email(person));
    expect(find(1)).toMatchObject({ blackListEmail: true });
    expect(find(MEMBERS + 1)).toMatchObject({ lastName: `Nr ${MEMBERS + 1}` });
    expect(await workspace.reconciliation(sync)).toMatchObject({
      members: MEMBERS,
      accepted: MEMBERS,
      balanced: true,
    });
  });
});
