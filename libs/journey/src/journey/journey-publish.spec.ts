import { newId } from '@percorso/kernel';
import { InsideStore } from './inside.store';
import { JobStore } from './job.store';
import { JOURNEY_STATES, type JourneyState, TRANSITIONS } from './journey-state';
import { AdminWorld, type AdminWorkspace, type Reply } from './testing/admin-world';

const wait = (length: string, next?: string): object => ({ wait: { for: length }, ...(next && { next }) });
const journey = (steps: object, start = Object.keys(steps)[0]): object => ({
  version: 1,
  entries: [{ api: {} }],
  start,
  steps,
});
const token = (step: string): object => ({ step, visit: 1, frames: [], wait: { kind: 'time', due: 0 } });

describe('publishing journeys', () => {
  let world: AdminWorld;
  let shop: AdminWorkspace;
  let id: string;
  let url: string;

  beforeAll(async () => {
    world = await AdminWorld.start();
  });
  afterAll(() => world?.stop());
  beforeEach(async () => {
    shop = await world.workspace();
    id = await shop.journey(journey({ a: wait('1h', 'b'), b: wait('2h') }));
    url = `/v1/journeys/${id}`;
  });

  const publish = (body: object = {}, query = ''): Promise<Reply> =>
    shop.change('POST', `${url}/publish${query}`, body);
  const draft = (steps: object): Promise<Reply> =>
    shop.change('PUT', `${url}/draft`, { definition: journey(steps) });
  const jobs = async (): Promise<unknown> => (await shop.call('GET', `${url}/jobs`)).body.data;

  describe('states', () => {
    /** What leads to each; to `live` publishing does, which is another matter. */
    const ways: Partial<Record<JourneyState, [method: 'POST' | 'DELETE', path: string]>> = {
      draft: ['DELETE', '/test'],
      test: ['POST', '/test'],
      paused: ['POST', '/pause'],
      draining: ['POST', '/drain'],
      stopped: ['POST', '/stop'],
    };
    /** How each is come to from a draft. */
    const reached: Record<JourneyState, string[]> = {
      draft: [],
      test: ['/test'],
      live: ['/publish'],
      paused: ['/publish', '/pause'],
      draining: ['/publish', '/drain'],
      stopped: ['/publish', '/stop'],
    };

    it.each(JOURNEY_STATES)('follow as the table says: %s', async (from) => {
      const [profile] = await shop.profiles(1);
      const marked = { profiles: [profile] };
      for (const [to, [method, path]] of Object.entries(ways) as [JourneyState, ['POST', string]][]) {
        if (to === from) continue;
        const other = `/v1/journeys/${await shop.journey(journey({ a: wait('1h') }))}`;
        const bodyOf = (step: string): object => (step === '/test' ? marked : {});
        for (const step of reached[from]) await shop.change('POST', other + step, bodyOf(step));
        const { status, body } = await shop.change(method, other + path, bodyOf(path));
        expect([from, to, status]).toEqual([from, to, TRANSITIONS[from].includes(to) ? 200 : 409]);
        expect(body).toMatchObject(status === 200 ? { state: to } : { code: 'state' });
      }
    });

    it('begin and end pauses at moments, and leave a paused journey paused when it is published', async () => {
      await publish();
      world.clock.advance(60_000);
      const paused = await shop.change('POST', `${url}/pause`);
      expect(paused.body.pausedAt).toBe(world.clock.now().toISOString());
      await draft({ a: wait('5h') });
      expect((await publish()).body.journey).toMatchObject({ state: 'paused', liveVersion: 2 });
      world.clock.advance(60_000);
      const resumed = await shop.change('POST', `${url}/resume`);
      expect(resumed.body).toMatchObject({
        state: 'live',
        pausedAt: null,
        liveVersion: 2,
        updatedAt: world.clock.now().toISOString(),
      });
    });

    it('tell the stop of everybody inside, which is superseded by nothing that concerns others', async () => {
      await publish();
      expect((await shop.change('POST', `${url}/stop`)).body).toMatchObject({
        state: 'stopped',
        liveVersion: null,
      });
      expect((await shop.change('POST', `${url}/resume`)).status).toBe(409);
      expect(await jobs()).toMatchObject([{ kind: 'stop', state: 'open', toVersion: null }]);
      expect((await publish()).body.journey).toMatchObject({ state: 'live', liveVersion: 1 });
      expect(await jobs()).toMatchObject([{ kind: 'stop', state: 'open' }]);
    });
  });

  it('is told of labelled fields that jumps would take along to where policies bar them', async () => {
    const texts = await shop.connector('Texts', 'twilio');
    await shop.call('PUT', '/v1/field-labels/traits.iban', { labels: ['contract:no-third-party'] });
    const sending = (to: string): object =>
      journey({ tell: { send: { connector: texts, content: { jsonata: `{"to": ${to}}` } } } });
    const jumping = (to: string, context: Record<string, string>): object =>
      journey({ on: { jump: { journey: to, context } } });
    const make = (definition: object): Promise<Reply> =>
      shop.call('POST', '/v1/journeys', { name: 'J', definition });
    const sends = (await make(sending('context.account'))).body.id;
    const passes = (await make(jumping(sends, { account: 'context.iban' }))).body.id;
    // Wherever that leads in the end.
    expect((await make(jumping(passes, { iban: 'profile.traits.iban' }))).body.errors).toMatchObject([
      { pointer: '/definition/steps/on/jump/context/iban', code: 'usage-policy' },
    ]);
    expect((await make(jumping(passes, { iban: 'profile.traits.tier' }))).status).toBe(201);
    // Whichever journey comes to know it last.
    const silent = (await make(sending('"x"'))).body.id;
    const gives = (await make(jumping(silent, { account: 'profile.traits.iban' }))).body.id;
    expect((await shop.change('POST', `/v1/journeys/${gives}/publish`)).status).toBe(200);
    const speaks = { definition: sending('context.account') };
    expect((await shop.change('PUT', `/v1/journeys/${silent}/draft`, speaks)).body.errors).toMatchObject([
      { pointer: '/definition/steps/tell/send/content/jsonata', code: 'usage-policy' },
    ]);
    await shop.change('POST', `/v1/journeys/${gives}/stop`);
    expect((await shop.change('PUT', `/v1/journeys/${silent}/draft`, speaks)).status).toBe(200);
  });

  describe('a stop, and the end of a test,', () => {
    it('lets goals count for as long as the longest of their windows', async () => {
      const until = async (): Promise<Date | null> => {
        const [row] = await shop.query<{ until: Date | null }>(
          'SELECT followed_until AS until FROM journey WHERE workspace_id = $1 AND id = $2',
          [id],
        );
        return row!.until;
      };
      for (const within of ['14d', undefined]) {
        const goal = { event: { name: 'Order Completed' }, ...(within && { within }) };
        const definition = { ...journey({ a: wait('1h') }), goal };
        await shop.change('PUT', `${url}/draft`, { definition });
        await publish();
      }
      expect(await until()).toBeNull();
      await shop.change('POST', `${url}/stop`);
      expect(await until()).toEqual(new Date(world.clock.now().getTime() + 14 * 86_400_000));
      const [profile] = await shop.profiles(1);
      await shop.change('POST', `${url}/test`, { profiles: [profile] });
      expect(await until()).toBeNull();
      // Some who entered before it was stopped are followed still.
      await shop.change('DELETE', `${url}/test`);
      expect(await until()).toEqual(new Date(world.clock.now().getTime() + 14 * 86_400_000));
      await publish();
      expect(await until()).toBeNull();
    });
  });

  describe('a test', () => {
    it('is of marked profiles, with waits so many times shorter, and of the draft', async () => {
      const profiles = await shop.profiles(3);
      const { body } = await shop.change('POST', `${url}/test`, {
        profiles: profiles.slice(0, 2),
        speed: 3600,
      });
      expect(body).toMatchObject({
        state: 'test',
        liveVersion: 1,
        draftVersion: null,
        test: { speed: 3600, profiles: 2 },
      });
      const marks = await shop.query<{ id: string; speed: number }>(
        'SELECT profile_id AS id, speed FROM journey_test_profile WHERE workspace_id = $1 AND journey_id = $2',
        [id],
      );
      expect(marks.map((mark) => mark.id).sort()).toEqual(profiles.slice(0, 2).sort());
      expect(marks.every(({ speed }) => speed === 3600)).toBe(true);
      // The version under test is walked by somebody: another draft is another version.
      expect((await draft({ a: wait('5h') })).body).toMatchObject({ draftVersion: 2, liveVersion: 1 });
      expect((await shop.change('DELETE', `${url}/test`)).body).toMatchObject({
        state: 'draft',
        liveVersion: null,
        test: null,
      });
      expect(await jobs()).toMatchObject([{ kind: 'stop' }]);
    });

    it('refuses profiles that are none, and a definition beside them', async () => {
      const [profile] = await shop.profiles(1);
      const refused = await shop.change('POST', `${url}/test`, { profiles: [profile, newId()] });
      expect(refused.body.errors).toMatchObject([{ pointer: '/profiles/1', code: 'unknown-profile' }]);
      const definition = { version: 1, where: { trait: { path: 'tester', op: 'eq', value: true } } };
      for (const body of [{}, { profiles: [profile], definition }])
        expect((await shop.change('POST', `${url}/test`, body)).body.errors).toMatchObject([
          { code: 'one-of' },
        ]);
      const broken = { version: 1, where: { trait: { path: 'tester' } } };
      expect((await shop.change('POST', `${url}/test`, { definition: broken })).body.errors).toMatchObject([
        { pointer: '/definition/where/trait/op' },
      ]);
      expect((await shop.call('GET', url)).body.state).toBe('draft');
    });

    it('ends for those inside when the journey is published', async () => {
      const profiles = await shop.profiles(1);
      await shop.change('POST', `${url}/test`, { profiles });
      const { body } = await publish({ inFlight: { choice: 'move' } });
      expect(body.journey).toMatchObject({ state: 'live', liveVersion: 1, test: null });
      expect(await jobs()).toMatchObject([{ kind: 'stop', state: 'open' }]);
    });
  });

  describe('a new version', () => {
    beforeEach(async () => {
      await publish();
      await shop.inside(id, 1, 1, [token('a')]);
      await shop.inside(id, 1, 2, [token('b')]);
      await shop.inside(id, 1, 3, [token('b')]);
    });

    it('leaves those inside on theirs unless it says otherwise', async () => {
      await draft({ a: wait('5h') });
      expect((await publish()).body).toMatchObject({
        journey: { liveVersion: 2 },
        inFlight: { choice: 'finish', concerned: 3, versions: [{ version: 1, instances: 3 }], jobId: null },
      });
      expect(await jobs()).toEqual([]);
    });

    it('moves them where every step that somebody may wait at has one that takes its place', async () => {
      await draft({ a: wait('5h', 'c'), c: wait('2h') });
      const move = { inFlight: { choice: 'move' } };
      const dry = await publish(move, '?dryRun=true');
      expect(dry.body).toMatchObject({
        journey: { liveVersion: 1 },
        inFlight: {
          concerned: 3,
          versions: [{ version: 1, instances: 3, missing: [{ step: 'b', kind: 'wait', instances: 2 }] }],
        },
      });
      expect(await publish(move)).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: '/inFlight/steps', code: 'unmapped' }] },
      });
      const mapped = await publish({ inFlight: { choice: 'move', steps: { b: 'c' } } });
      expect(mapped.body.inFlight).toMatchObject({ concerned: 3, versions: [{ missing: [] }] });
      expect(await jobs()).toMatchObject([
        {
          id: (mapped.body.inFlight as { jobId: string }).jobId,
          kind: 'move',
          toVersion: 2,
          steps: { b: 'c' },
          state: 'open',
        },
      ]);
    });

    it('may let some begin anew', async () => {
      await draft({ a: wait('5h') });
      const { status } = await publish({ inFlight: { choice: 'move', steps: { b: null } } });
      expect(status).toBe(200);
      expect(await jobs()).toMatchObject([{ steps: { b: null } }]);
    });

    it('refuses a map of steps that are not there, or stand elsewhere', async () => {
      await draft({ a: { loop: { body: 'c', times: 2 }, next: 'b' }, c: wait('1h'), b: wait('2h') });
      const steps = { a: 'c', b: 'x', z: 'b' };
      expect((await publish({ inFlight: { choice: 'move', steps } })).body.errors).toMatchObject([
        { pointer: '/inFlight/steps/a', code: 'other-place' },
        { pointer: '/inFlight/steps/b', code: 'unknown-step' },
        { pointer: '/inFlight/steps/z', code: 'unknown-step' },
      ]);
    });

    it('restarts them, which gives up what was asked before', async () => {
      await draft({ a: wait('5h') });
      await publish({ inFlight: { choice: 'restart' } });
      await draft({ a: wait('6h') });
      await publish({ inFlight: { choice: 'restart' } });
      expect(await jobs()).toMatchObject([
        { kind: 'restart', toVersion: 3, state: 'open' },
        { kind: 'restart', toVersion: 2, state: 'superseded' },
      ]);
    });

    it('is also for those who enter the older one after they were counted', async () => {
      await draft({ a: wait('5h') });
      const store = world.app.get(InsideStore, { strict: false });
      jest.spyOn(store, 'byVersion').mockResolvedValueOnce([]);
      const { body } = await publish({ inFlight: { choice: 'restart' } });
      expect(body.inFlight).toMatchObject({ concerned: 0, jobId: expect.any(String) as string });
      expect(await jobs()).toMatchObject([{ kind: 'restart', state: 'open' }]);
    });

    it('is an older one when it rolls back', async () => {
      await draft({ a: wait('5h') });
      await publish();
      const { body } = await publish({ version: 1 });
      expect(body.journey).toMatchObject({ liveVersion: 1, newestVersion: 2, draftVersion: null });
      expect((await publish({ version: 7 })).status).toBe(404);
    });

    it('is refused to who read an older journey, and without a word of it', async () => {
      await draft({ a: wait('5h') });
      expect((await shop.call('POST', `${url}/publish`, {})).status).toBe(428);
      expect((await shop.call('POST', `${url}/publish`, {}, { 'if-match': '"1"' })).status).toBe(412);
    });
  });

  it('is carried out page by page, until there is nobody left whom it concerns', async () => {
    const store = new JobStore();
    await publish();
    const all: string[] = [];
    for (let person = 1; person <= 5; person++) all.push(await shop.inside(id, 1, person, [token('a')]));
    await draft({ a: wait('5h') });
    const other = await shop.inside(id, 2, 9, []);
    await publish({ inFlight: { choice: 'restart' } });
    const now = new Date();
    const pages: string[][] = [];
    for (let more = true; more;) {
      more = await shop.database.tx(shop.id, async (tx) => {
        const [found] = await store.open(tx);
        const job = (await store.lock(tx, found!.id))!;
        const page = await store.page(tx, job, 2);
        pages.push(page);
        await store.took(tx, job, page, page.length < 2, now);
        return page.length === 2;
      });
    }
    expect(pages).toEqual([all.slice(0, 2), all.slice(2, 4), all.slice(4)]);
    expect(pages.flat()).not.toContain(other);
    expect(await jobs()).toMatchObject([{ state: 'done', done: 5, endedAt: now.toISOString() }]);
    expect(await shop.database.tx(shop.id, (tx) => store.open(tx))).toEqual([]);
  });
});
