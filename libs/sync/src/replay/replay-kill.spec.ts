import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { SyncWorld } from '../testing/sync-world';
import type { ReplayView } from './replay.dto';

const PROCESS = join(__dirname, '..', '..', 'dist', 'testing', 'replay-process.js');
const MEMBERS = 900;
const PER_SECOND = 300;

describe('a replay in processes that are killed', () => {
  const children: ChildProcess[] = [];
  let world: SyncWorld;

  beforeAll(async () => {
    world = await SyncWorld.start();
  }, 120_000);
  afterAll(async () => {
    children.forEach((child) => child.kill('SIGKILL'));
    await world?.stop();
  });

  function startProcess(): ChildProcess {
    const child = spawn(process.execPath, [PROCESS, JSON.stringify(world.hubOptions)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    children.push(child);
    return child;
  }

  it('goes on where it was: every row once, never faster than asked', async () => {
    const { workspace, sync, run } = await world.allDropped(MEMBERS);
    const replays = '/v1/dead-letters/replay';
    const begun = await workspace.call('POST', replays, { syncId: sync.id, rowsPerSecond: PER_SECOND });
    expect(begun.body).toMatchObject({ expected: MEMBERS, looked: 0 });
    const read = async (): Promise<ReplayView> =>
      (await workspace.call('GET', `/v1/replays/${begun.body.id}`)).body as unknown as ReplayView;
    // Two at once, so that one may be overtaken by the other; the last one brings it to its end.
    let [older, newer] = [startProcess(), startProcess()];
    for (const until of [1, MEMBERS - 250]) {
      while ((await read()).looked < until) await new Promise((resolve) => setTimeout(resolve, 20));
      const ended = new Promise((resolve) => older.once('exit', resolve));
      older.kill('SIGKILL');
      await ended;
      [older, newer] = [newer, startProcess()];
      // What the wall clock does to the lease of a worker that died.
      await world.database.tx(workspace.id, (tx) =>
        tx.query(`UPDATE replay SET lease_until = now() - interval '1 second' WHERE workspace_id = $1`, [
          workspace.id,
        ]),
      );
    }
    while ((await read()).state !== 'done') await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await read()).toMatchObject({
      looked: MEMBERS,
      replayed: MEMBERS,
      skipped: 0,
      counts: { planned: MEMBERS, pending: MEMBERS },
    });
    const { rows } = await world.database.tx(workspace.id, (tx) =>
      tx.query<{ gap: number }>(
        `SELECT min(gap)::float8 AS gap FROM (
           SELECT extract(epoch FROM due_at - lag(due_at) OVER (ORDER BY due_at)) AS gap
           FROM effect WHERE workspace_id = $1) AS gaps`,
        [workspace.id],
      ),
    );
    // Due times are kept to the millisecond.
    expect(rows[0]!.gap).toBeGreaterThanOrEqual(1 / PER_SECOND - 0.001);
    world.clock.advance(3_600_000);
    await world.deliver(workspace.id, workspace.connectorId);
    expect(await world.writes(workspace)).toEqual(Array(MEMBERS).fill(1));
    expect(await workspace.run(run)).toMatchObject({ state: 'done', counts: { accepted: MEMBERS } });
  }, 120_000);
});
