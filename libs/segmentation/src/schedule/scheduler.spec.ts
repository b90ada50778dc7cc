import { type AccessContext, WorkspaceService } from '@percorso/access';
import { startTestEngines, type TestEngines } from '@percorso/engines';
import { AudienceService } from '../audience/audience.service';
import { Evaluator } from '../evaluation/evaluator';
import { StreamWorld } from '../stream/stream-world';
import type { ScheduleView, SetSchedule } from './schedule.dto';
import { ScheduleService } from './schedule.service';
import { Scheduler } from './scheduler';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe('scheduled evaluations', () => {
  let engines: TestEngines;
  let world: StreamWorld;
  /** Another hub on the same engines, with a clock of its own. */
  let other: StreamWorld;
  let audience: string;
  let serial = 0;

  beforeAll(async () => {
    engines = await startTestEngines();
    world = await StreamWorld.start(engines);
    other = await StreamWorld.start(engines);
  }, 120_000);
  afterAll(async () => {
    await other?.stop();
    await world?.stop();
    await engines?.stop();
  });
  beforeEach(async () => {
    world.clock.set(new Date('2026-06-15T12:00:00.000Z'));
    await world.newWorkspace();
    audience = await world.newAudience({ event: { name: 'Bought' } });
    await evaluateAll();
  });

  const put = (asked: Partial<SetSchedule>, version?: number): Promise<ScheduleView> =>
    world.get(ScheduleService).put(world.workspaceId, audience, { paused: false, ...asked }, version, 'spec');
  const schedule = (): Promise<ScheduleView> => world.get(ScheduleService).get(world.workspaceId, audience);
  const look = (hub = world): Promise<number> => hub.get(Scheduler).look(world.workspaceId);
  const at = (time: string): void => world.clock.set(new Date(time));

  /** Looks every `stepMs` until `until`; the moments at which runs began. */
  const watch = async (until: string, stepMs: number): Promise<string[]> => {
    const begun: string[] = [];
    while (world.clock.now() < new Date(until)) {
      world.clock.advance(stepMs);
      if ((await look()) > 0) begun.push(world.clock.now().toISOString());
      await evaluateAll();
    }
    return begun;
  };

  const evaluateAll = async (): Promise<void> => {
    const { rows } = await world.database.tx(world.workspaceId, (tx) =>
      tx.query<{ id: string }>(
        `SELECT id FROM evaluation WHERE workspace_id = $1 AND state = 'pending' ORDER BY created_at, id`,
        [tx.workspaceId],
      ),
    );
    for (const { id } of rows) await world.get(Evaluator).evaluate(world.workspaceId, id);
  };
  const evaluations = async (): Promise<number> => {
    const { rows } = await world.database.tx(world.workspaceId, (tx) =>
      tx.query<{ count: number }>(
        'SELECT count(*)::int AS count FROM evaluation WHERE workspace_id = $1 AND audience_id = $2',
        [tx.workspaceId, audience],
      ),
    );
    return rows[0]?.count ?? 0;
  };
  const bought = (): object => ({
    type: 'track',
    messageId: `m${++serial}`,
    timestamp: world.clock.now().toISOString(),
    event: 'Bought',
    userId: 'ann',
  });
  const setZone = async (timezone: string): Promise<void> => {
    const caller = { actor: 'spec', workspaceId: world.workspaceId } as AccessContext;
    const workspaces = world.get(WorkspaceService);
    const { version } = await workspaces.get(world.workspaceId, caller);
    await workspaces.change(world.workspaceId, { settings: { timezone } }, version, caller);
  };

  it('begin at their moment, never before, once each, and tell what they did', async () => {
    const made = await put({ cron: '*/15 14 * * *', zone: 'Europe/Rome' });
    expect(made).toMatchObject({
      cron: '*/15 14 * * *',
      zone: 'Europe/Rome',
      afterIngest: null,
      paused: false,
      nextRunAt: new Date('2026-06-15T12:15:00Z'),
      lastRun: null,
      version: 1,
    });
    at('2026-06-15T12:14:59.999Z');
    expect(await look()).toBe(0);
    at('2026-06-15T12:15:00.000Z');
    expect(await look()).toBe(1);
    expect(await look()).toBe(0);
    expect((await schedule()).lastRun).toMatchObject({
      dueAt: new Date('2026-06-15T12:15:00Z'),
      at: new Date('2026-06-15T12:15:00Z'),
      evaluation: { audienceId: audience, state: 'pending' },
    });
    await evaluateAll();
    expect(await schedule()).toMatchObject({
      nextRunAt: new Date('2026-06-15T12:30:00Z'),
      lastRun: { evaluation: { state: 'done', drift: 0 } },
      version: 1,
    });
    expect(await watch('2026-06-16T11:55:00Z', 5 * MINUTE_MS)).toEqual([
      '2026-06-15T12:30:00.000Z',
      '2026-06-15T12:45:00.000Z',
    ]);
  });

  it('run on the days clocks change: what is left out right after, what comes twice once', async () => {
    at('2026-03-28T12:00:00Z');
    await put({ cron: '30 2 * * *', zone: 'Europe/Rome' });
    expect(await watch('2026-03-30T12:00:00Z', 30 * MINUTE_MS)).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
    at('2026-10-24T12:00:00Z');
    await look();
    expect(await watch('2026-10-26T12:00:00Z', 30 * MINUTE_MS)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  it('that were missed while no hub ran are one run, and tell since when it was due', async () => {
    await put({ cron: '0 * * * *' });
    at('2026-06-18T09:20:00Z');
    expect(await look(other)).toBe(0);
    other.clock.set(world.clock.now());
    expect(await look(other)).toBe(1);
    expect(await look()).toBe(0);
    expect(await schedule()).toMatchObject({
      nextRunAt: new Date('2026-06-18T10:00:00Z'),
      lastRun: { dueAt: new Date('2026-06-15T13:00:00Z'), at: new Date('2026-06-18T09:20:00Z') },
    });
  });

  it('begin once, however many hubs look', async () => {
    await put({ cron: '* * * * *' });
    const before = await evaluations();
    for (let minute = 1; minute <= 20; minute++) {
      world.clock.advance(MINUTE_MS);
      other.clock.set(world.clock.now());
      const hubs = [world, other, world, other];
      const begun = await Promise.all(hubs.map((hub) => look(hub)));
      expect(begun.reduce((sum, one) => sum + one)).toBe(1);
      await evaluateAll();
    }
    expect(await evaluations()).toBe(before + 20);
  });

  it('wait for nothing another hub holds', async () => {
    await put({ cron: '* * * * *' });
    world.clock.advance(MINUTE_MS);
    await other.database.tx(world.workspaceId, async (tx) => {
      await tx.query('SELECT FROM audience_schedule WHERE audience_id = $1 FOR UPDATE', [audience]);
      expect(await look()).toBe(0);
    });
    expect(await look()).toBe(1);
  });

  it('are all of a run or nothing of it', async () => {
    await put({ cron: '* * * * *' });
    const before = await evaluations();
    world.clock.advance(MINUTE_MS);
    await world.database.tx(world.workspaceId, (tx) =>
      tx.query(`UPDATE audience_schedule SET rule = '{"cron": "broken"}' WHERE audience_id = $1`, [audience]),
    );
    expect(await look()).toBe(0);
    expect(await evaluations()).toBe(before);
    await put({ cron: '* * * * *' }, 1);
    world.clock.advance(MINUTE_MS);
    expect(await look()).toBe(1);
  });

  it('go by the clock of the workspace, and by its new one once it is changed', async () => {
    await put({ cron: '0 6 * * *' });
    expect((await schedule()).nextRunAt).toEqual(new Date('2026-06-16T06:00:00Z'));
    await setZone('America/New_York');
    expect((await schedule()).nextRunAt).toEqual(new Date('2026-06-16T10:00:00Z'));
    at('2026-06-16T10:00:00Z');
    expect(await look()).toBe(1);
    // Due already when the clock is changed: still due.
    at('2026-06-17T10:00:30Z');
    await setZone('Asia/Tokyo');
    expect(await look()).toBe(1);
    expect((await schedule()).nextRunAt).toEqual(new Date('2026-06-17T21:00:00Z'));
    await put({ cron: '0 6 * * *', zone: 'Europe/Rome' }, 1);
    await setZone('America/New_York');
    expect((await schedule()).nextRunAt).toEqual(new Date('2026-06-18T04:00:00Z'));
  });

  it('can be paused: what falls due meanwhile is not run later', async () => {
    await put({ cron: '0 * * * *' });
    expect(await put({ cron: '0 * * * *', paused: true }, 1)).toMatchObject({ nextRunAt: null, version: 2 });
    world.clock.advance(5 * HOUR_MS);
    expect(await look()).toBe(0);
    await put({ cron: '0 * * * *' }, 2);
    expect(await look()).toBe(0);
    world.clock.advance(HOUR_MS);
    expect(await look()).toBe(1);
    await world.get(ScheduleService).remove(world.workspaceId, audience, 3, 'spec');
    const { rows } = await world.database.tx(world.workspaceId, (tx) =>
      tx.query<{ action: string; detail: object }>(
        `SELECT action, detail FROM audit WHERE workspace_id = $1 AND target = $2 AND action LIKE '%scheduled' ORDER BY id`,
        [tx.workspaceId, audience],
      ),
    );
    expect(rows).toEqual([
      { action: 'audience.scheduled', detail: { cron: '0 * * * *', paused: false } },
      { action: 'audience.scheduled', detail: { cron: '0 * * * *', paused: true } },
      { action: 'audience.scheduled', detail: { cron: '0 * * * *', paused: false } },
      { action: 'audience.unscheduled', detail: {} },
    ]);
  });

  it('are not had by archived audiences', async () => {
    await put({ cron: '* * * * *' });
    await world.get(AudienceService).archive(world.workspaceId, audience, 'spec');
    world.clock.advance(MINUTE_MS);
    expect(await look()).toBe(0);
    await expect(schedule()).rejects.toMatchObject({ status: 404 });
    await expect(put({ cron: '* * * * *' })).rejects.toMatchObject({ status: 409, code: 'archived' });
  });

  it('follow ingest: when all is applied and nothing came for a while, and not too often', async () => {
    await put({ afterIngest: { quiet: '5m', atMost: '1h' } });
    world.clock.advance(HOUR_MS);
    expect(await look()).toBe(0);
    expect((await schedule()).nextRunAt).toBeNull();

    await world.accept(bought());
    world.clock.advance(3 * MINUTE_MS);
    await world.accept(bought());
    expect((await schedule()).nextRunAt).toEqual(new Date('2026-06-15T13:08:00Z'));
    world.clock.advance(5 * MINUTE_MS - 1);
    await world.apply();
    expect(await look()).toBe(0);
    world.clock.advance(1);
    expect(await look()).toBe(1);
    await world.stream();
    await evaluateAll();
    expect(await schedule()).toMatchObject({
      nextRunAt: null,
      lastRun: {
        dueAt: new Date('2026-06-15T13:08:00Z'),
        evaluation: { state: 'done', members: 1, asOf: { pos: 2 }, drift: 0 },
      },
    });

    // More comes soon: an hour must have passed since.
    await world.say(bought());
    expect((await schedule()).nextRunAt).toEqual(new Date('2026-06-15T14:08:00Z'));
    world.clock.advance(HOUR_MS - 1);
    expect(await look()).toBe(0);
    world.clock.advance(1);
    expect(await look()).toBe(1);
    await evaluateAll();

    // Accepted, not applied: it waits, however long that takes.
    await world.accept(bought());
    world.clock.advance(3 * HOUR_MS);
    expect(await look()).toBe(0);
    await world.apply();
    expect(await look()).toBe(1);
    expect(await look()).toBe(0);
  });

  it('take up what came while one ran', async () => {
    await put({ afterIngest: { quiet: '1s', atMost: '1s' } });
    await world.say(bought());
    world.clock.advance(SECOND_MS);
    expect(await look()).toBe(1);
    await world.say(bought());
    await evaluateAll();
    world.clock.advance(SECOND_MS);
    expect(await look()).toBe(1);
    await evaluateAll();
    expect((await schedule()).lastRun?.evaluation).toMatchObject({ asOf: { pos: 2 } });
  });
});
