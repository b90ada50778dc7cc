import { get as httpGet, type IncomingMessage } from 'node:http';
import { PROGRESS_OPTIONS, type ProgressOptions } from './progress-streams';
import { SyncWorld } from './testing/sync-world';
import type { SyncUnderTest, SyncWorkspace } from './testing/sync-workspace';
import { RunControl } from './run-control';
import { Triggers } from './triggers';

const MEMBERS = 60;
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

describe('a run in the hands of an admin', () => {
  let world: SyncWorld;
  let workspace: SyncWorkspace;
  let sync: SyncUnderTest;
  let run: string;
  let url: string;

  beforeAll(async () => {
    world = await SyncWorld.start();
    await world.app.listen(0, '127.0.0.1');
    url = await world.app.getUrl();
  }, 120_000);
  afterAll(() => world?.stop());

  beforeEach(async () => {
    workspace = await world.workspace(MEMBERS);
    sync = await workspace.sync();
    await workspace.change(range(1, MEMBERS));
    run = await workspace.startRun(sync);
  });

  const turn = async (what: 'pause' | 'resume' | 'cancel'): Promise<[number, unknown, unknown]> => {
    const { status, body } = await workspace.call('POST', `/v1/runs/${run}/${what}`);
    return [status, body.state ?? body.code, body.paused];
  };
  const written = async (): Promise<number> =>
    (await world.twin.journal()).filter(({ key }) => String(key.email).endsWith(`@${workspace.id}.example`))
      .length;

  it('waits while it is paused, and goes on', async () => {
    await workspace.plan(run);
    expect(await turn('pause')).toEqual([200, 'delivering', true]);
    await world.deliver(workspace.id, workspace.connectorId);
    expect(await written()).toBe(0);
    expect(await workspace.run(run)).toMatchObject({ paused: true, estimatedEndAt: null, progress: 0 });
    expect(await turn('resume')).toEqual([200, 'delivering', false]);
    await world.finish(workspace, run);
    expect(await written()).toBe(MEMBERS);
    expect(await turn('pause')).toEqual([409, 'run-ended', undefined]);
    expect(await turn('cancel')).toEqual([409, 'run-ended', undefined]);
  });

  it('is cancelled: what waits is let go, and the next run of a mirror sends it', async () => {
    await workspace.plan(run);
    expect(await turn('cancel')).toEqual([200, 'cancelled', false]);
    await world.deliver(workspace.id, workspace.connectorId);
    expect(await written()).toBe(0);
    expect((await workspace.run(run)).counts).toMatchObject({ planned: MEMBERS, dropped: MEMBERS });
    expect((await workspace.run(run)).endedAt).not.toBeNull();
    const next = await world.runToEnd(workspace, sync);
    expect((await workspace.run(next)).counts).toMatchObject({ planned: MEMBERS, accepted: MEMBERS });
    expect(await workspace.reconciliation(sync)).toMatchObject({ accepted: MEMBERS, balanced: true });
  });

  it('is cancelled before it was planned: the next run begins where it did', async () => {
    expect(await turn('cancel')).toEqual([200, 'cancelled', false]);
    await workspace.plan(run);
    expect((await workspace.run(run)).counts.planned).toBe(0);
    const next = await world.runToEnd(workspace, sync);
    expect((await workspace.run(next)).counts).toMatchObject({ accepted: MEMBERS });
  });

  it('is cancelled, and its removals go on', async () => {
    await world.finish(workspace, run);
    await workspace.change([], [1, 2]);
    await workspace.setTrait(3, 'lastName', 'Changed');
    run = await workspace.startRun(sync);
    await workspace.plan(run);
    await turn('cancel');
    await world.deliver(workspace.id, workspace.connectorId);
    expect((await workspace.run(run)).counts).toMatchObject({ planned: 3, accepted: 2, dropped: 1 });
    const rows = await world.twin.rows();
    expect(rows.find(({ email }) => email === workspace.email(1))).toMatchObject({ blackListEmail: true });
  });

  it('is let go to the end by another hub when the one that cancelled it died', async () => {
    await workspace.plan(run);
    await world.database.tx(workspace.id, (tx) =>
      tx.query(`UPDATE sync_run SET state = 'cancelled', ended_at = $3 WHERE workspace_id = $1 AND id = $2`, [
        workspace.id,
        run,
        world.clock.now(),
      ]),
    );
    await world.app.get(RunControl).look(workspace.id);
    expect((await workspace.run(run)).counts).toMatchObject({ pending: 0, dropped: MEMBERS });
  });

  it('gives way to what a trigger wanted meanwhile', async () => {
    const triggers = { schedule: { cron: '* * * * *' } };
    await workspace.call('PATCH', `/v1/syncs/${sync.id}`, { triggers }, { 'if-match': '"1"' });
    world.clock.advance(60_000);
    expect(await world.app.get(Triggers).look(workspace.id)).toBe(0);
    await turn('cancel');
    expect(await world.app.get(Triggers).look(workspace.id)).toBe(1);
  });

  describe('followed as a stream', () => {
    let options: ProgressOptions;
    let before: ProgressOptions;

    beforeEach(() => {
      options = world.app.get<ProgressOptions>(PROGRESS_OPTIONS);
      before = { ...options };
      options.lookMs = 20;
    });
    afterEach(() => Object.assign(options, before));

    interface Stream {
      response: IncomingMessage;
      /** What came so far. */
      text: () => string;
      until: (found: RegExp) => Promise<void>;
      ended: Promise<void>;
    }

    async function follow(lastEventId?: string): Promise<Stream> {
      const headers: Record<string, string> = { authorization: `Bearer ${workspace.adminKey}` };
      if (lastEventId !== undefined) headers['last-event-id'] = lastEventId;
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        httpGet(`${url}/v1/runs/${run}/progress`, { headers, agent: false }, resolve).on('error', reject);
      });
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      const ended = new Promise<void>((resolve) => response.on('close', resolve));
      const until = async (found: RegExp): Promise<void> => {
        for (const deadline = Date.now() + 60_000; !found.test(text) && Date.now() < deadline;) {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        expect(text).toMatch(found);
      };
      return { response, text: () => text, until, ended };
    }

    const events = (text: string): { event?: string; id?: string; data: { progress: number } }[] =>
      text
        .split('\n\n')
        .map((block) => Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s))))
        .filter(({ data }) => data !== undefined)
        .map((fields) => ({ ...fields, data: JSON.parse(String(fields.data)) }));

    it('tells what changes, breaks silence, and ends with the run', async () => {
      options.heartbeatMs = 50;
      const stream = await follow();
      expect(stream.response.headers['content-type']).toBe('text/event-stream');
      await stream.until(/^: still there$/m);
      await workspace.plan(run);
      await stream.until(/"pending":60/);
      await world.finish(workspace, run);
      await stream.ended;
      const told = events(stream.text());
      expect(told.at(-1)).toMatchObject({ event: 'end', data: { state: 'done', progress: 1 } });
      const shares = told.map(({ data }) => data.progress);
      expect(shares).toEqual([...shares].sort((one, other) => one - other));
      expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);

      const again = await follow(told.at(-1)!.id);
      await again.ended;
      expect([again.response.statusCode, again.text()]).toEqual([204, '']);
      const late = await follow(told[0]!.id);
      await late.ended;
      expect(events(late.text()).map(({ event }) => event)).toEqual(['end']);
    });

    it('tells who comes back only what is new', async () => {
      const first = await follow();
      await first.until(/^id: /m);
      const { id } = events(first.text())[0]!;
      first.response.destroy();
      options.heartbeatMs = 50;
      const second = await follow(id);
      await second.until(/^: still there$/m);
      expect(events(second.text())).toEqual([]);
      await workspace.call('POST', `/v1/runs/${run}/cancel`);
      await second.ended;
      expect(events(second.text())).toMatchObject([{ event: 'end', data: { state: 'cancelled' } }]);
    });

    it('is limited in number and in time', async () => {
      options.most = 1;
      const one = await follow();
      await one.until(/^id: /m);
      const other = await follow();
      await other.ended;
      expect([other.response.statusCode, other.text()]).toEqual([
        503,
        expect.stringContaining('too-many-streams'),
      ]);
      one.response.destroy();
      options.longestMs = 100;
      let next = await follow();
      for (const deadline = Date.now() + 60_000; next.response.statusCode === 503 && Date.now() < deadline;) {
        next = await follow();
      }
      await next.ended;
      expect(events(next.text()).map(({ event }) => event)).toEqual(['progress']);
    });

    it('ends when the hub does', async () => {
      const workers = await world.startWorkers();
      await workers.listen(0, '127.0.0.1');
      const own = url;
      url = await workers.getUrl();
      await workspace.call('POST', `/v1/runs/${run}/pause`);
      const stream = await follow();
      url = own;
      await stream.until(/^id: /m);
      await workers.close();
      await stream.ended;
    });
  });
});
