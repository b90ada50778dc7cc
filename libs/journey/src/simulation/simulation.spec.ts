import { newId, Problem } from '@percorso/kernel';
import { JourneyHooks } from '../runtime/care/journey-hooks';
import { SimulationKeeping } from './job/simulation-keeping';
import { SimulationLoop } from './job/simulation-loop';
import { DAY, FROM, SimulationDesk, useSimulationDesk, WINDOW } from './testing/simulation-desk';

describe('simulations of journeys', () => {
  let desk: SimulationDesk;
  useSimulationDesk((own) => (desk = own));

  it('of a draft tell who would have got what and when, in the shape of the live report', async () => {
    const id = await desk.simulate([
      desk.walker(1, {
        key: 'c1',
        messages: [
          { step: 'remind', at: FROM + DAY, connectorId: desk.mail, outcome: 'accepted' },
          { step: 'again', at: FROM + 2 * DAY, connectorId: desk.mail, payload: { to: 'ann@example.org' } },
        ],
        goalAt: FROM + 3 * DAY,
      }),
      desk.walker(2, { refused: ['inside', 'inside', 'where'] }),
      desk.walker(3, { holdout: true, messages: [] }),
      desk.walker(4, {
        messages: [{ step: 'remind', at: FROM + 4 * DAY, connectorId: desk.mail, outcome: 'rejected' }],
        waits: 'wait',
      }),
    ]);
    const live = await desk.shop.call('GET', desk.url.replace('simulations', 'report'));
    const report = await desk.read(id);
    expect(Object.keys(report.report as object).sort()).toEqual(Object.keys(live.body).sort());
    expect(report).toMatchObject({
      ...{ state: 'done', version: 1, progress: 1, persons: 4, messages: 4, problem: null },
      report: {
        ...{ entered: 4, inside: 1, ended: { completed: 3 }, refused: { inside: 2, where: 1 } },
        ...{ walked: { entered: 3, reached: 1 }, heldOut: { entered: 1, reached: 0 } },
        lift: { difference: 1 / 3 },
        steps: [
          { id: 'wait', entered: 1, waiting: 1 },
          { id: 'remind', entered: 3, left: 3 },
          { id: 'again', entered: 1, left: 1 },
        ],
      },
      byStep: [
        { step: 'remind', count: 3, outcomes: { accepted: 2, rejected: 1 } },
        { step: 'again', count: 1, outcomes: { none: 1 } },
      ],
      byConnector: [{ connectorId: desk.mail, count: 4 }],
      byDay: [
        { day: '2026-05-02', entered: 1, messages: 1 },
        { day: '2026-05-03', entered: 1, messages: 2 },
        { day: '2026-05-04', entered: 1, messages: 0 },
        { day: '2026-05-05', entered: 1, messages: 1 },
      ],
    });
    expect(report.speed).toBe(Math.round((31 * DAY) / (report.tookMs as number)));

    const first = await desk.read(`${id}/messages?limit=2`);
    expect(first.data).toMatchObject([
      { profileId: desk.profiles[0], key: 'c1', step: 'remind', nth: 1, at: '2026-05-02T00:00:00.000Z' },
      { profileId: desk.profiles[0], step: 'again', payload: { to: 'ann@example.org' }, outcome: null },
    ]);
    const second = await desk.data(`${id}/messages?limit=2&cursor=${String(first.next)}`);
    expect(second.map(({ profileId, code }) => [profileId, code])).toEqual([
      [desk.profiles[1], null],
      [desk.profiles[3], 'bounced'],
    ]);
    expect(await desk.data(`${id}/messages?step=again`)).toHaveLength(1);
    expect(await desk.data(`${id}/messages?profile=${desk.profiles[1]}`)).toHaveLength(1);

    const [inside] = await desk.data(`${id}/instances?step=wait`);
    expect(inside).toMatchObject({ profileId: desk.profiles[3], state: 'active', waits: [{ step: 'wait' }] });
    expect((await desk.data(`${id}/instances?limit=1&state=ended`))[0]).toMatchObject({
      profileId: desk.profiles[2],
    });
    const [own] = await desk.data(`${id}/instances?profile=${desk.profiles[0]}`);
    expect(await desk.read(`${id}/instances/${String(own!.id)}`)).toMatchObject({
      entry: { event: { properties: { total: 30 } } },
      context: { seen: 1 },
      trace: [
        { step: '', what: 'entered', at: '2026-05-02T00:00:00.000Z', next: null, detail: null },
        { step: 'remind', what: 'passed' },
        { step: 'again', what: 'passed' },
        { step: '', what: 'goal' },
        { step: '', what: 'ended' },
      ],
      messages: [{ step: 'remind' }, { step: 'again' }],
    });
    expect(await desk.data(`${id}/refusals?profile=${desk.profiles[1]}&code=where`)).toMatchObject([
      { profileId: desk.profiles[1], code: 'where', reason: 'The condition of the journey did not hold.' },
    ]);
    expect(await desk.data(`${id}/refusals`)).toHaveLength(3);
    expect((await desk.shop.call('GET', desk.url)).body.data).toMatchObject([{ id, state: 'done' }]);
  });

  it('keep what says something of persons from keys that may not read profiles', async () => {
    const id = await desk.simulate([desk.walker(1)]);
    const made = await desk.shop.call('POST', '/v1/api-keys', { name: 'Reader', scopes: ['journeys:read'] });
    const headers = { authorization: `Bearer ${String(made.body.key)}` };
    const seen = async (path: string) =>
      (await desk.shop.call('GET', `${desk.url}/${id}/${path}`, undefined, headers)).body;
    const [message] = (await seen('messages')).data as Record<string, unknown>[];
    expect(message).toMatchObject({ step: 'remind', payload: null });
    const one = await seen(`instances/${String(message!.instanceId)}`);
    expect(one).toMatchObject({ context: null, messages: [{ payload: null }] });
    expect(JSON.stringify(one)).not.toContain('total');
  });

  it('are refused with every mistake that was made', async () => {
    const rule = { outcome: { status: 'rejected' } };
    const errorsOf = async (more: object): Promise<unknown[]> => {
      const { status, body } = await desk.shop.call('POST', desk.url, { ...WINDOW, ...more });
      expect(status).toBe(422);
      return body.errors.map(({ pointer, code }) => `${pointer} ${code}`);
    };
    expect(await errorsOf({ from: 'May', until: '2026-07-01' })).toEqual(['/from date']);
    expect(await errorsOf({ until: '2026-05-01' })).toEqual(['/until window']);
    expect(await errorsOf({ until: '2026-06-15T12:00:01Z' })).toEqual(['/until future']);
    expect(await errorsOf({ from: '2025-05-01' })).toEqual(['/until too-long']);
    expect(await errorsOf({ whatever: 1 })).toEqual(['/whatever unknown-field']);
    const responses = {
      recorded: 1,
      rules: [
        { ...rule, step: 'wait', percent: 101 },
        { ...rule, connector: newId(), after: 'soon' },
        { ...rule, reactions: [{ is: 'clicked' }] },
        {
          outcome: { status: 'accepted', code: 'x' },
          reactions: [{ is: 'liked', percent: -1, after: '1y' }],
        },
        { outcome: { status: 'lost' }, more: true },
      ],
    };
    expect(await errorsOf({ responses })).toEqual([
      '/responses/recorded type',
      '/responses/rules/0/step unknown-step',
      '/responses/rules/0/percent range',
      '/responses/rules/1/connector unknown-connector',
      '/responses/rules/1/after duration',
      '/responses/rules/2/reactions not-accepted',
      '/responses/rules/3/outcome/code accepted',
      '/responses/rules/3/reactions/0/is choice',
      '/responses/rules/3/reactions/0/percent range',
      '/responses/rules/3/reactions/0/after duration',
      '/responses/rules/4/more unknown-field',
      '/responses/rules/4/outcome/status choice',
    ]);
    expect((await desk.shop.call('POST', desk.url, { ...WINDOW, version: 7 })).status).toBe(404);
  });

  it('are the same whether or not their process was killed on the way', async () => {
    desk.simulator.persons = Array.from({ length: 4 }, (_, index) => desk.walker(index + 1));
    const whole = await desk.simulate(desk.simulator.persons);
    const id = await desk.ask();
    // The page is walked, and the process dies before it is kept.
    const dies = (after: number): void => {
      if (after === -1) throw new Problem({ status: 503, code: 'database-unavailable', title: 'Killed' });
    };
    desk.simulator.before = dies;
    await expect(desk.page()).rejects.toThrow('Killed');
    expect(await desk.read(id)).toMatchObject({ state: 'running', messages: 0, progress: 0 });
    // Another one goes on; a page that it has kept meanwhile is not kept again.
    const slow = desk.newJobs();
    desk.simulator.before = async () => {
      desk.simulator.before = () => undefined;
      await desk.finish(desk.newJobs());
    };
    await slow.look(desk.shop.id);
    const times = async (of: string) =>
      (await desk.data(`${of}/messages`)).map(({ at, profileId }) => [at, profileId]);
    expect(await times(id)).toEqual(await times(whole));
    expect(await desk.read(id)).toMatchObject({ state: 'done', messages: 4, persons: 4 });
  });

  it('wait for each other, go on page by page, and can be cancelled between two of them', async () => {
    const count = 60;
    const more = Array.from({ length: count }, () => newId());
    await desk.shop.query(
      `INSERT INTO profile (workspace_id, person, id, traits, consent, created_at, updated_at)
       SELECT $1, 4 + n, id, '{}', '{}', now(), now() FROM unnest($2::uuid[]) WITH ORDINALITY AS u (id, n)`,
      [more],
    );
    desk.profiles.push(...more);
    desk.simulator.persons = desk.profiles.map((_, index) => desk.walker(index + 1));
    const [first, second] = [await desk.ask(), await desk.ask()];
    await desk.page();
    const running = await desk.read(first);
    expect(running).toMatchObject({ state: 'running', speed: null });
    expect(running.progress).toBeCloseTo((running.persons as number) / desk.profiles.length);
    expect(await desk.read(second)).toMatchObject({ state: 'queued', progress: 0 });
    // The page that is being walked is not kept.
    desk.simulator.before = async () => {
      desk.simulator.before = () => undefined;
      expect((await desk.shop.call('POST', `${desk.url}/${first}/cancel`)).body).toMatchObject({
        state: 'cancelled',
      });
    };
    await desk.page();
    expect(await desk.read(first)).toMatchObject({ state: 'cancelled', persons: running.persons });
    expect((await desk.shop.call('POST', `${desk.url}/${first}/cancel`)).status).toBe(200);
    await desk.finish();
    expect(await desk.read(second)).toMatchObject({ state: 'done', persons: desk.profiles.length });
    expect((await desk.shop.call('POST', `${desk.url}/${second}/cancel`)).body).toMatchObject({
      code: 'state',
    });
  });

  it('of several workspaces are walked a page at a time in turn, as nobody is to wait for another', async () => {
    const other = await SimulationDesk.open(desk.world);
    const [mine, theirs] = [desk.shop.id, other.shop.id];
    desk.simulator.persons = Array.from({ length: 60 }, (_, index) => desk.walker(index + 1));
    const [id, its] = [await desk.ask(), await other.ask()];
    const leases = { firsts: () => [mine, theirs] };
    const loop = new SimulationLoop(desk.shop.database, leases as never, desk.newJobs());
    loop.onApplicationBootstrap();
    try {
      while ((await desk.read(id)).state !== 'done' || (await other.read(its)).state !== 'done');
    } finally {
      await loop.beforeApplicationShutdown();
    }
    const { workspaces } = desk.simulator;
    const counts = [mine, theirs].map((id) => workspaces.filter((one) => one === id).length);
    expect(Math.min(...counts)).toBeGreaterThan(1);
    // As long as both have pages left, each turn takes one of each; how large pages are is a matter of how long they take.
    for (let turn = 0; turn < Math.min(...counts); turn++) {
      expect(new Set(workspaces.slice(2 * turn, 2 * turn + 2)).size).toBe(2);
    }
  });

  it('are twenty at most in a workspace that wait', async () => {
    for (let n = 0; n < 20; n++) await desk.ask();
    expect(await desk.shop.call('POST', desk.url, WINDOW)).toMatchObject({
      status: 409,
      body: { code: 'too-many' },
    });
  });

  it('fail with the reason where they cannot be walked, at once or when trying again did not help', async () => {
    const id = await desk.ask();
    desk.simulator.before = () => {
      const message = 'Events of that time are no longer kept.';
      throw Problem.invalid([{ pointer: '/from', code: 'history', message }]);
    };
    await desk.finish();
    const problem = { code: 'history', message: 'Events of that time are no longer kept.' };
    expect(await desk.read(id)).toMatchObject({ state: 'failed', problem });
    const other = await desk.ask();
    desk.simulator.asked.length = 0;
    desk.simulator.before = () => {
      throw new TypeError('ann@example.org is undefined');
    };
    await desk.finish();
    expect(desk.simulator.asked).toEqual([-1, -1, -1]);
    const { problem: told } = await desk.read(other);
    expect(told).toMatchObject({ code: 'page-failed' });
    expect(JSON.stringify(told)).not.toContain('ann');
  });

  it('forget whoever is erased, also one who was just being walked', async () => {
    const { world } = desk;
    const hooks = world.app.get(JourneyHooks);
    const erase = (person: number): Promise<unknown> =>
      desk.shop.database.tx(desk.shop.id, async (tx) => {
        await tx.query('DELETE FROM profile WHERE workspace_id = $1 AND person = $2', [desk.shop.id, person]);
        return hooks.erased(tx, [], world.clock.now(), { homes: [person] } as never);
      });
    const walked = [desk.walker(1, { refused: ['inside'] }), desk.walker(2), desk.walker(3)];
    const before = await desk.simulate(walked);
    // An instance, a message and a refusal.
    expect(await erase(1)).toEqual([{ place: 'journeys', count: 3 }]);
    const id = await desk.ask();
    desk.simulator.before = async () => void (await erase(2));
    await desk.finish();
    const whom = async (of: string) => (await desk.data(`${of}/messages`)).map(({ profileId }) => profileId);
    expect([await whom(before), await whom(id)]).toEqual([[desk.profiles[2]], [desk.profiles[2]]]);
    expect(await desk.read(id)).toMatchObject({ messages: 1, report: { entered: 1 } });
  });

  it('keep what they found of persons for a month and their report for a year; deleted ones keep nothing', async () => {
    const days = 365;
    const { world } = desk;
    const keeping = new SimulationKeeping(desk.shop.database, world.clock, { days });
    const [id, gone] = [await desk.simulate([desk.walker(1)]), await desk.simulate([desk.walker(1)])];
    // One that is just being walked, too.
    const walked = await desk.ask();
    const remove = async (one: string): Promise<number> =>
      (await desk.shop.call('DELETE', `${desk.url}/${one}`)).status;
    desk.simulator.before = async () => expect(await remove(walked)).toBe(204);
    await desk.finish();
    expect(await remove(gone)).toBe(204);
    expect((await desk.shop.call('GET', `${desk.url}/${gone}`)).status).toBe(404);
    const start = world.clock.now();
    try {
      await keeping.turn(desk.shop.id, () => false);
      expect((await desk.data(`${id}/messages`)).length).toBe(1);
      const left = await desk.shop.query<{ id: string }>(
        `SELECT simulation_id AS id FROM journey_simulation_count WHERE workspace_id = $1
         UNION SELECT id FROM journey_simulation WHERE workspace_id = $1`,
      );
      expect(left).toEqual([{ id }]);
      world.clock.advance(31 * DAY);
      await keeping.turn(desk.shop.id, () => false);
      expect(await desk.read(id)).toMatchObject({ messages: 1, byStep: [{ step: 'remind', count: 1 }] });
      const cleared = { status: 410, body: { code: 'simulation-cleared' } };
      expect(await desk.shop.call('GET', `${desk.url}/${id}/messages`)).toMatchObject(cleared);
      expect(await desk.shop.call('GET', `${desk.url}/${id}/comparison?with=${id}`)).toMatchObject(cleared);
      world.clock.advance(days * DAY);
      await keeping.turn(desk.shop.id, () => false);
      expect((await desk.shop.call('GET', `${desk.url}/${id}`)).status).toBe(404);
    } finally {
      world.clock.set(start);
    }
  });

  it('say what they cannot know', async () => {
    await desk.journey({ caps: { perDay: 1, total: 9 }, group: { name: 'mails', priority: 1 } });
    const id = await desk.simulate([desk.walker(1)]);
    const notes = (await desk.read(id)).notes as { code: string; message: string }[];
    expect(notes.map(({ code }) => code)).toEqual(['profiles-of-today', 'caps', 'group']);
  });
});
