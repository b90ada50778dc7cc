import { JourneyHousekeeping } from '../runtime/care/journey-housekeeping';
import { useJourneyWorld } from '../runtime/testing/journey-fixture';
import type { JourneyWorld } from '../runtime/testing/journey-world';
import { InsightService } from './insight.service';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('what is told of journeys', () => {
  let world: JourneyWorld;
  useJourneyWorld((started) => (world = started));

  const insight = (): InsightService => world.get(InsightService);
  const profileId = async (userId: string): Promise<string> => {
    const [row] = await world.rows<{ id: string }>(
      'SELECT id FROM profile WHERE workspace_id = $1 AND person = $2',
      await world.person(userId),
    );
    return row!.id;
  };
  const reminder = (more: object = {}): object => ({
    version: 1,
    entries: [{ event: { name: 'Cart Updated', where: [{ path: 'total', op: 'gte', value: 20 }] } }],
    goal: { event: { name: 'Order Completed' } },
    start: 'wait',
    steps: {
      wait: { wait: { for: '1h' }, next: 'remind' },
      remind: world.send('"Your cart"', { next: 'day' }),
      day: { wait: { for: '1d' } },
    },
    ...more,
  });
  const cart = (userId: string, total: number, more: object = {}): object =>
    world.event(userId, 'Cart Updated', { total }, more);

  it('counts who is where, and who reached the goal', async () => {
    const journey = await world.journey(reminder());
    await world.say(...['ann', 'ben', 'cleo'].map((user) => world.profile(user)));
    await world.say(cart('ann', 30), cart('ben', 30));
    await world.pass(HOUR);
    await world.say(cart('cleo', 30), world.event('ann', 'Order Completed'), cart('ben', 30));
    const report = await insight().report(world.workspaceId, journey, undefined);
    expect(report).toMatchObject({
      ...{ entered: 3, inside: 2, ended: { goal: 1 }, refused: { inside: 1 } },
      walked: { entered: 3, reached: 1 },
      lift: null,
      steps: [
        { id: 'wait', kind: 'wait', entered: 3, left: 2, waiting: 1 },
        { id: 'remind', kind: 'send', entered: 2, left: 2, waiting: 0 },
        { id: 'day', kind: 'wait', entered: 2, left: 0, waiting: 1 },
      ],
    });
    const waiting = await insight().instances(world.workspaceId, journey, { limit: 10, step: 'day' });
    expect(waiting.data.map((one) => one.profileId)).toEqual([await profileId('ben')]);
  });

  it('compares those who walked with those held out, version by version', async () => {
    const journey = await world.journey(reminder({ holdout: 50 }));
    const users = Array.from({ length: 40 }, (_, index) => `u${index}`);
    await world.say(...users.map((user) => world.profile(user)));
    await world.say(...users.map((user) => cart(user, 30)));
    await world.say(...users.slice(0, 30).map((user) => world.event(user, 'Order Completed')));
    await world.pass(7 * DAY - 1);
    world.clock.advance(HOUR);
    await world.get(JourneyHousekeeping).turn(world.workspaceId, () => false);
    const { walked, heldOut, lift, inside } = await insight().report(world.workspaceId, journey, 1);
    expect(walked.entered + heldOut.entered).toBe(40);
    expect(heldOut.entered).toBeGreaterThan(5);
    expect(walked.reached + heldOut.reached).toBe(30);
    expect(inside).toBe(10);
    expect(lift!.from).toBeLessThan(lift!.to);
    await world.publish(journey, reminder());
    expect(await insight().report(world.workspaceId, journey, 2)).toMatchObject({ entered: 0 });
    await expect(insight().report(world.workspaceId, journey, 3)).rejects.toMatchObject({ status: 404 });
  });

  it('tells one profile’s way with its messages, and personal data only to whom may see it', async () => {
    const journey = await world.journey(reminder());
    await world.say(world.profile('ann'));
    await world.say(cart('ann', 4711));
    await world.pass(HOUR);
    const { data } = await insight().instances(world.workspaceId, journey, { limit: 10 });
    const one = await insight().instance(world.workspaceId, journey, data[0]!.id, true);
    expect(one.trace.map(({ step, what }) => `${step} ${what}`)).toEqual([
      ' entered',
      'wait entered',
      'wait left',
      'remind passed',
      'day entered',
    ]);
    expect(one.messages).toMatchObject([{ visit: 2, operation: 'send', state: 'pending' }]);
    expect(one.waits).toMatchObject([
      { step: 'day', waitsFor: 'time', dueAt: new Date(world.clock.now().getTime() + DAY) },
    ]);
    expect(JSON.stringify(one.entry)).toContain('4711');
    const bare = await insight().instance(world.workspaceId, journey, data[0]!.id, false);
    expect(JSON.stringify([bare.entry, bare.context])).not.toContain('4711');
    expect(bare.entry).toMatchObject({ event: { name: 'Cart Updated' } });
  });

  it('shows what was rejected, dropped or lost of a journey, by step and reason', async () => {
    const [journey, other] = [
      await world.journey(reminder()),
      await world.journey(reminder({ entries: [{ event: { name: 'Other' } }] })),
    ];
    await world.say(...['ann', 'ben', 'cleo', 'dora'].map((user) => world.profile(user)));
    await world.say(...['ann', 'ben', 'cleo'].map((user) => cart(user, 30)), world.event('dora', 'Other'));
    await world.pass(HOUR);
    const end = (user: string, state: string, code: string, due: string): Promise<unknown> =>
      world.rows(
        `UPDATE effect SET state = $2, reason_code = $3, reason = $4, due_at = $5::timestamptz
         WHERE workspace_id = $1 AND payload->>'to' = $4`,
        ...[state, code, `${user}@example.org`, due],
      );
    await end('ann', 'rejected', 'no-such-mailbox', '2026-01-01');
    await end('ben', 'unknown', 'deadline', 'infinity');
    await end('cleo', 'unknown', 'deadline', '2026-01-01');
    await end('dora', 'rejected', 'no-such-mailbox', '2026-01-01');
    const list = (query: object = {}, personal = true) =>
      insight().deadLetters(world.workspaceId, journey, { limit: 10, ...query }, personal);
    expect((await list()).data).toMatchObject([
      {
        step: 'remind',
        visit: 2,
        state: 'unknown',
        reasonCode: 'deadline',
        profileId: await profileId('ben'),
      },
      { step: 'remind', state: 'rejected', reason: 'ann@example.org', operation: 'send' },
    ]);
    expect(JSON.stringify(await list({}, false))).not.toContain('example.org');
    const first = await list({ limit: 1 });
    expect((await list({ limit: 1, cursor: first.next! })).data).toMatchObject([{ state: 'rejected' }]);
    expect((await list({ state: 'rejected', step: 'remind' })).data).toHaveLength(1);
    expect((await list({ step: 'day' })).data).toEqual([]);
    const groups = (id: string) => insight().deadLetterGroups(world.workspaceId, id, {});
    expect((await groups(journey)).data).toMatchObject([
      { step: 'remind', state: 'rejected', reasonCode: 'no-such-mailbox', count: 1 },
      { step: 'remind', state: 'unknown', reasonCode: 'deadline', count: 1 },
    ]);
    expect((await groups(other)).data).toMatchObject([{ count: 1 }]);
  });

  it('pages through instances, the last to enter first', async () => {
    const journey = await world.journey(reminder());
    for (const user of ['ann', 'ben', 'cleo']) {
      await world.say(world.profile(user));
      await world.say(cart(user, 30));
      world.clock.advance(1000);
    }
    const first = await insight().instances(world.workspaceId, journey, { limit: 2 });
    const second = await insight().instances(world.workspaceId, journey, { limit: 2, cursor: first.next! });
    const order = [...first.data, ...second.data].map((one) => one.profileId);
    expect(order).toEqual([await profileId('cleo'), await profileId('ben'), await profileId('ann')]);
    expect(second.next).toBeNull();
  });

  it('says why somebody did not enter: what the event lacked, a name that is nearly right, a rule', async () => {
    const journey = await world.journey(
      reminder({ where: { trait: { path: 'tier', op: 'eq', value: 'gold' } } }),
    );
    await world.say(world.profile('ann', { tier: 'gold' }), world.profile('ben'));
    await world.say(cart('ann', 10), world.event('ann', 'cart-updated', { total: 50 }), cart('ben', 50));
    const ann = await insight().why(world.workspaceId, journey, await profileId('ann'));
    expect(ann).toMatchObject({
      ...{ state: 'live', liveVersion: 1, inside: false, where: true, refusals: [] },
      entries: [
        {
          pointer: '/entries/0',
          waitsFor: 'Cart Updated',
          events: [{ matches: false, mistakes: [{ pointer: '/entries/0/event/where/0', code: 'test' }] }],
          similarNames: ['cart-updated'],
        },
      ],
    });
    const ben = await insight().why(world.workspaceId, journey, await profileId('ben'));
    expect(ben).toMatchObject({
      where: false,
      refusals: [{ code: 'where', reason: 'The condition of the journey did not hold.' }],
      entries: [{ events: [{ matches: true, mistakes: [] }], similarNames: [] }],
    });
  });

  it('says it of who became part of a profile, too, and of the last events of a name', async () => {
    const journey = await world.journey(
      reminder({ where: { trait: { path: 'tier', op: 'eq', value: 'gold' } } }),
    );
    await world.say(world.profile('ann'));
    await world.say({
      ...{ type: 'track', messageId: 'x', anonymousId: 'cookie', event: 'Cart Updated' },
      properties: { total: 50 },
    });
    await world.say({ type: 'identify', messageId: 'y', userId: 'ann', anonymousId: 'cookie' });
    await world.say(...Array.from({ length: 7 }, (_, n) => cart('ann', n)));
    const { refusals, entries } = await insight().why(world.workspaceId, journey, await profileId('ann'));
    expect(refusals.map(({ code }) => code)).toEqual(['where']);
    const ids = entries[0]!.events.map(({ messageId }) => Number(messageId.slice(1)));
    expect(ids).toHaveLength(5);
    expect(ids).toEqual([...ids].sort((a, b) => b - a));
  });

  it('says of a late event and one from before the journey that they are', async () => {
    await world.say(world.profile('ann'), cart('ann', 30));
    world.clock.advance(1000);
    const journey = await world.journey(reminder());
    const old = new Date(world.clock.now().getTime() - 2 * DAY).toISOString();
    await world.say(cart('ann', 40, { timestamp: old }));
    const { entries } = await insight().why(world.workspaceId, journey, await profileId('ann'));
    expect(entries[0]!.events.map(({ mistakes }) => mistakes.map(({ code }) => code))).toEqual([
      ['late'],
      ['before-publication'],
    ]);
  });

  it('knows no journey of another workspace', async () => {
    const journey = await world.journey(reminder());
    await world.newWorkspace();
    await expect(insight().report(world.workspaceId, journey, undefined)).rejects.toMatchObject({
      status: 404,
    });
  });
});
