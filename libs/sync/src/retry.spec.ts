import { MappingRunner } from '@percorso/mapping';
import { useSyncWorld } from './testing/sync-fixture';
import type { SyncWorld } from './testing/sync-world';
import type { SyncUnderTest, SyncWorkspace } from './testing/sync-workspace';

const MEMBERS = [1, 2, 3, 4, 5, 6];
const TOO_LONG = 'x'.repeat(60);

describe('dead letters and retry', () => {
  let world: SyncWorld;
  let workspace: SyncWorkspace;
  let sync: SyncUnderTest;
  let run: string;

  useSyncWorld((started) => (world = started));

  /** A run of six: person 2's last name is refused by Campaign, person 3 has no address. */
  beforeEach(async () => {
    workspace = await world.workspace(MEMBERS.length);
    sync = await workspace.sync();
    await workspace.setTrait(2, 'lastName', TOO_LONG);
    await workspace.setTrait(3, 'email', null);
    await workspace.change(MEMBERS);
    run = await workspace.startRun(sync);
    await workspace.plan(run);
    await world.deliver(workspace.id, workspace.connectorId);
  });

  afterEach(() => jest.restoreAllMocks());

  const retry = () => workspace.call('POST', `/v1/runs/${run}/retry`);

  /** How often each member's record was written, by the campaign system's own account. */
  async function written(): Promise<Record<number, number>> {
    const addresses = (await world.twin.journal()).map(({ key }) => String(key.email));
    const times = (person: number): number =>
      addresses.filter((one) => one === workspace.email(person)).length;
    return Object.fromEntries(MEMBERS.map((person) => [person, times(person)]));
  }

  it('lists what was refused or dropped, with the reason and the field', async () => {
    expect((await workspace.run(run)).counts).toMatchObject({
      planned: 6,
      accepted: 4,
      rejected: 1,
      dropped: 1,
    });
    const letters = await workspace.deadLetters(run);
    expect(
      letters.map(({ state, reasonCode, pointer }) => ({ state, reasonCode, pointer })).sort(byState),
    ).toEqual([
      { state: 'dropped', reasonCode: 'missing-required', pointer: '/email' },
      { state: 'rejected', reasonCode: expect.any(String), pointer: '/lastName' },
    ]);
    expect(JSON.stringify(letters)).not.toContain(TOO_LONG);
  });

  it('sends a mended row exactly once, and no other row again', async () => {
    await workspace.setTrait(2, 'lastName', 'Short');
    await workspace.setTrait(3, 'email', workspace.email(3));
    const { status, body } = await retry();
    expect([status, body.state, body.counts]).toEqual([
      202,
      'delivering',
      expect.objectContaining({ planned: 6, accepted: 4, pending: 2, rejected: 0, dropped: 0 }),
    ]);
    await world.deliver(workspace.id, workspace.connectorId);
    expect(await written()).toEqual({ 1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1 });
    expect(await workspace.reconciliation(sync)).toMatchObject({ members: 6, accepted: 6, balanced: true });
    expect(await workspace.deadLetters(run)).toEqual([]);

    await retry();
    await world.deliver(workspace.id, workspace.connectorId);
    expect(Object.values(await written())).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('sends it once when another retry overtakes this one', async () => {
    await workspace.setTrait(2, 'lastName', 'Short');
    const runner = world.app.get(MappingRunner);
    const original = runner.run.bind(runner);
    jest.spyOn(runner, 'run').mockImplementationOnce(async (...given) => {
      await retry();
      await world.deliver(workspace.id, workspace.connectorId);
      return original(...given);
    });
    expect((await retry()).status).toBe(202);
    await world.deliver(workspace.id, workspace.connectorId);
    expect(await written()).toMatchObject({ 2: 1 });
    expect((await workspace.run(run)).counts).toMatchObject({ planned: 6, accepted: 5, dropped: 1 });
  });

  it('keeps a row that is still at fault as a dead letter', async () => {
    await retry();
    await world.deliver(workspace.id, workspace.connectorId);
    expect((await workspace.run(run)).counts).toMatchObject({
      planned: 6,
      accepted: 4,
      rejected: 1,
      dropped: 1,
    });
    expect(await workspace.reconciliation(sync)).toMatchObject({ rejected: 1, dropped: 1, balanced: true });
    expect(await written()).toMatchObject({ 2: 0, 3: 0 });
  });

  it('maps by the newest version of the mapping', async () => {
    const expression = '{"email": profile.traits.email ? profile.traits.email : "three@fix.example"}';
    const body = { expression, required: ['email'] };
    const put = await workspace.call('PUT', `/v1/mappings/${sync.mappingId}`, body, { 'if-match': '"1"' });
    expect(put.status).toBe(200);
    await retry();
    await world.deliver(workspace.id, workspace.connectorId);
    expect((await workspace.run(run)).counts).toMatchObject({ accepted: 6, rejected: 0, dropped: 0 });
    const row = (await world.twin.rows()).find(({ email }) => email === workspace.email(2));
    expect(row).not.toHaveProperty('lastName');
  });

  it('maps what a first try and a trial see: of the membership its op, version and time', async () => {
    const expression = '{"email": "two@fix.example", "lastName": $string($sort($keys(membership)))}';
    const body = { expression, required: ['email'] };
    await workspace.call('PUT', `/v1/mappings/${sync.mappingId}`, body, { 'if-match': '"1"' });
    await retry();
    await world.deliver(workspace.id, workspace.connectorId);
    const row = (await world.twin.rows()).find(({ email }) => email === 'two@fix.example');
    expect(row).toMatchObject({ lastName: '["op","since","version"]' });
  });

  it('leaves a row alone whose member has left since', async () => {
    await workspace.setTrait(2, 'lastName', 'Short');
    await workspace.change([], [2]);
    const { body } = await retry();
    expect(body.counts).toMatchObject({ rejected: 1, pending: 0 });
    await world.deliver(workspace.id, workspace.connectorId);
    expect(await written()).toMatchObject({ 2: 0 });
  });

  it('gives a row whose tries were used up all of them again', async () => {
    await world.database.tx(workspace.id, (tx) =>
      tx.query(
        `UPDATE effect SET attempt = 20, reason_code = 'retries-exhausted'
         WHERE workspace_id = $1 AND run_id = $2 AND person = 2`,
        [workspace.id, run],
      ),
    );
    await workspace.setTrait(2, 'lastName', 'Short');
    await world.twin.inject({ kind: 'http503', count: 1, methods: ['WriteCollection'] });
    await retry();
    await world.deliver(workspace.id, workspace.connectorId);
    expect((await workspace.run(run)).counts).toMatchObject({ rejected: 0, pending: 1 });
    world.clock.advance(600_000);
    await world.deliver(workspace.id, workspace.connectorId);
    expect(await written()).toMatchObject({ 2: 1 });
  });

  it('refuses while the run is still planned; that a newer one is open is no hindrance', async () => {
    await world.finish(workspace, run);
    const newer = await workspace.startRun(sync);
    const early = await workspace.call('POST', `/v1/runs/${newer}/retry`);
    expect([early.status, early.body.code]).toEqual([409, 'run-open']);
    await workspace.setTrait(2, 'lastName', 'Short');
    const { status, body } = await retry();
    expect([status, body.state, body.endedAt]).toEqual([202, 'delivering', null]);
    await world.finish(workspace, newer);
    expect(await workspace.run(run)).toMatchObject({ state: 'done', endedAt: expect.any(String) });
    expect(await written()).toMatchObject({ 2: 1 });
    expect(await workspace.reconciliation(sync)).toMatchObject({ accepted: 5, dropped: 1, balanced: true });
  });
});

const byState = (one: { state: string }, other: { state: string }): number =>
  one.state.localeCompare(other.state);
