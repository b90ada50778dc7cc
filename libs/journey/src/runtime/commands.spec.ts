import { useJourneyWorld } from './testing/journey-fixture';
import type { JourneyWorld } from './testing/journey-world';

const MINUTE = 60_000;
const HOUR = 3_600_000;

describe('what journeys do', () => {
  let world: JourneyWorld;
  useJourneyWorld((started) => (world = started));

  const onGo = (start: string, steps: object, more: object = {}): object => ({
    version: 1,
    entries: [{ event: { name: 'Go' } }],
    start,
    steps,
    ...more,
  });
  const go = (userId = 'ann', properties: object = {}): Promise<void> =>
    world.say(world.profile(userId, { tier: 'gold' }), world.event(userId, 'Go', properties));

  it('take the path of a message that was not accepted', async () => {
    await world.journey(
      onGo('first', {
        first: world.send('"First"', { next: 'thanks', failed: 'second' }),
        second: world.send('"Second"'),
        thanks: world.send('"Thanks"'),
      }),
    );
    await go('ann');
    await world.settle('rejected', { code: 'mailbox-full' });
    await go('ben');
    await world.settle('accepted');
    expect((await world.subjects()).sort()).toEqual(['First', 'First', 'Second', 'Thanks']);
  });

  it('take that path too where a message could not even be made', async () => {
    const journey = await world.journey(
      onGo('first', {
        first: {
          send: { connector: world.connectorId, content: { jsonata: '{"subject": "no address"}' } },
          failed: 'second',
        },
        second: world.send('"Second"'),
      }),
    );
    await go();
    await world.turns();
    expect(await world.messages()).toMatchObject([
      { state: 'dropped', code: 'missing-required' },
      { state: 'pending', payload: { subject: 'Second' } },
    ]);
    const [instance] = await world.instances(journey);
    expect(await world.trace(instance!.id)).toEqual([
      '* entered',
      'first entered',
      'first left',
      'second passed',
      '* ended',
    ]);
  });

  it('go on without a connector that is no more', async () => {
    const content = { jsonata: '{"to": "a@example.org"}' };
    const connector = '0197a6d0-1111-7222-8333-444455556666';
    await world.journey(
      onGo('gone', {
        gone: { send: { connector, content }, failed: 'second' },
        second: world.send('"Second"'),
      }),
    );
    await go();
    await world.turns();
    expect(await world.subjects()).toEqual(['Second']);
  });

  it('keep of a response what is named, and take the path of no answer', async () => {
    const content = { jsonata: '{"to": profile.traits.email, "subject": "Score"}' };
    const call = { connector: world.connectorId, content, into: { score: 'response.score' }, timeout: '10m' };
    await world.journey(
      onGo('score', {
        score: { call, next: 'tell', timedOut: 'late', failed: 'lost' },
        tell: world.send('"Score " & context.score'),
        late: world.send('"Late"'),
        lost: world.send('"Lost"'),
      }),
    );
    await go('ann');
    await world.settle('accepted', { response: { score: 7 } });
    await go('cleo');
    await world.settle('accepted', { code: 'response-too-large' });
    await go('ben');
    await world.pass(10 * MINUTE);
    const messages = await world.messages();
    // What is called answers; what is sent does not. What was not asked by then is not asked any more.
    expect(
      messages.map(({ operation, payload, code }) => [payload!['subject'], operation, code]).sort(),
    ).toEqual([
      ['Late', 'send', null],
      ['Lost', 'send', null],
      ['Score 7', 'send', 'response-too-large'],
      ['Score', 'call', null],
      ['Score', 'call', 'response-too-large'],
      ['Score', 'call', 'timed-out'],
    ]);
  });

  it('hear what a provider reports of their message, and of no other', async () => {
    await world.journey(
      onGo('first', {
        first: world.send('"First"', { next: 'reaction' }),
        reaction: {
          await: {
            any: [{ reaction: { to: 'first', is: 'clicked' }, next: 'thanks', as: 'click' }],
            timeout: '1d',
          },
        },
        thanks: world.send('"You clicked " & context.click.link_url'),
      }),
    );
    await go('ann');
    await go('ben');
    const [ann, ben] = await world.messages();
    const clicked = (userId: string, key: string): object =>
      world.event(userId, 'Email Link Clicked', { effect_key: key, link_url: '/cart' });
    await world.say(clicked('ann', ben!.key), clicked('ben', ben!.key));
    expect(await world.messages()).toHaveLength(3);
    const [, , thanks] = await world.messages();
    expect(thanks).toMatchObject({ person: ben!.person, payload: { subject: 'You clicked /cart' } });
    await world.say(clicked('ann', ann!.key));
    expect(await world.messages()).toHaveLength(4);
  });

  it('hear what was done before they came to await it', async () => {
    const journey = await world.journey(
      onGo('first', {
        first: world.send('"First"', { next: 'nap' }),
        nap: { wait: { for: '1h' }, next: 'reaction' },
        reaction: {
          await: {
            any: [{ reaction: { to: 'first', is: 'clicked' }, next: 'thanks', as: 'click' }],
            timeout: '1d',
          },
        },
        thanks: world.send('"You clicked " & context.click.link_url'),
      }),
    );
    await go('ann');
    const [first] = await world.messages();
    const clicked = (link_url: string): object =>
      world.event('ann', 'Email Link Clicked', { effect_key: first!.key, link_url });
    await world.say(clicked('/cart'), clicked('/other'));
    await world.setState(journey, 'paused');
    await world.pass(HOUR);
    await world.setState(journey, 'live');
    await world.pass(HOUR);
    expect(await world.subjects()).toEqual(['First', 'You clicked /cart']);
    const [instance] = await world.instances(journey);
    expect(await world.trace(instance!.id)).toContain('reaction passed');
  });

  it('that jump to one another without waiting end after some rounds', async () => {
    const jump = (to: string): object => ({ jump: { journey: to } });
    const first = await world.journey(onGo('one', { one: world.send('"First"') }));
    const second = await world.journey({ ...onGo('two', { two: jump(first) }), entries: [{ api: {} }] });
    await world.publish(first, {
      ...onGo('one', { one: jump(second) }),
      entries: [{ event: { name: 'Go' } }, { api: {} }],
    });
    await go('ann');
    const ends = [...(await world.instances(first)), ...(await world.instances(second))].map(
      ({ endReason }) => endReason,
    );
    expect(ends.filter((reason) => reason === 'jump')).toHaveLength(10);
    expect(ends.filter((reason) => reason !== 'jump')).toEqual(['jump-loop']);
  });

  it('write traits, consent and lists, once', async () => {
    const listed = await world.newAudience({ imported: true });
    const journey = await world.journey(
      onGo('write', {
        write: {
          update: {
            traits: { visits: 'event.properties.n + 1' },
            consent: [{ channel: 'email', topic: 'news', is: 'denied' }],
            lists: [{ audience: listed, op: 'add' }],
            context: { n: 'event.properties.n' },
          },
          next: 'tell',
        },
        tell: world.send('"n is " & context.n'),
      }),
    );
    await go('ann', { n: 1 });
    await world.stream();
    const person = await world.person('ann');
    const [profile] = await world.rows<{ visits: number; news: string }>(
      `SELECT traits->'visits'->>'value' AS visits, consent->'email'->'news'->>'state' AS news FROM profile
       WHERE workspace_id = $1 AND person = $2`,
      person,
    );
    expect(profile).toEqual({ visits: '2', news: 'denied' });
    expect(await world.rows('SELECT person FROM membership WHERE workspace_id = $1 AND member')).toEqual([
      { person },
    ]);
    expect(await world.subjects()).toEqual(['n is 1']);
    expect(await world.rows('SELECT 1 FROM journey_outbox WHERE workspace_id = $1')).toEqual([]);
    expect((await world.instances(journey))[0]).toMatchObject({ endReason: 'completed' });
  });

  it('branch by conditions and by their context', async () => {
    await world.journey(
      onGo('which', {
        which: {
          branch: [
            { where: { jsonata: 'event.properties.n > 5' }, next: 'many' },
            { where: { trait: { path: 'tier', op: 'eq', value: 'gold' } }, next: 'gold' },
          ],
        },
        many: world.send('"Many"'),
        gold: world.send('"Gold"'),
      }),
    );
    await go('ann', { n: 6 });
    await go('ben', { n: 1 });
    expect(await world.subjects()).toEqual(['Many', 'Gold']);
  });

  it("wait until it is nine where the profile's clock says so, or the workspace's", async () => {
    await world.newWorkspace({ timezone: 'Asia/Tokyo' });
    await world.journey(
      onGo('nine', {
        nine: { wait: { time: '09:00', zone: { trait: 'zone' } }, next: 'morning' },
        morning: world.send('"Good morning"'),
      }),
    );
    await world.say(
      world.profile('rome', { zone: 'Europe/Rome' }),
      world.profile('nowhere', { zone: 'Mars/Olympus' }),
      world.event('rome', 'Go'),
      world.event('nowhere', 'Go'),
    );
    // It is noon of UTC.
    await world.pass(12 * HOUR - 1);
    expect(await world.messages()).toEqual([]);
    await world.pass(1);
    expect((await world.messages()).map(({ person }) => person)).toEqual([await world.person('nowhere')]);
    await world.pass(7 * HOUR - 1);
    expect(await world.messages()).toHaveLength(1);
    await world.pass(1);
    expect(await world.messages()).toHaveLength(2);
  });

  it('jump to another journey with what they know', async () => {
    const second = await world.journey({
      version: 1,
      key: 'order',
      entries: [{ api: {} }],
      start: 'hello',
      steps: { hello: world.send('"Order " & journey.key & " of " & context.from') },
    });
    const first = await world.journey(
      onGo(
        'jump',
        { jump: { jump: { journey: second, context: { from: 'profile.traits.tier' } } } },
        { key: 'order' },
      ),
    );
    await go('ann', { order: 'o-7' });
    await world.turns();
    expect(await world.instances(first)).toMatchObject([{ endReason: 'jump' }]);
    expect(await world.instances(second)).toMatchObject([{ key: 'o-7', endReason: 'completed' }]);
    expect(await world.subjects()).toEqual(['Order o-7 of gold']);
    expect(await world.rows('SELECT 1 FROM journey_request WHERE workspace_id = $1')).toEqual([]);
  });

  it('count what happens, step by step', async () => {
    const journey = await world.journey(
      onGo(
        'nap',
        { nap: { wait: { for: '1h' }, next: 'hello' }, hello: world.send('"Hello"') },
        { reentry: 'once' },
      ),
    );
    for (const user of ['ann', 'ben', 'cleo']) await go(user);
    await world.pass(HOUR);
    await go('ann');
    const rows = await world.rows<{ step: string; what: string; count: number }>(
      `SELECT step, what, sum(count)::int AS count FROM journey_count WHERE workspace_id = $1 AND journey_id = $2
       GROUP BY 1, 2 ORDER BY 1, 2`,
      journey,
    );
    expect(rows).toEqual([
      { step: '', what: 'ended', count: 3 },
      { step: '', what: 'ended:completed', count: 3 },
      { step: '', what: 'entered', count: 3 },
      { step: '', what: 'refused:reentry', count: 1 },
      { step: 'hello', what: 'passed', count: 3 },
      { step: 'nap', what: 'entered', count: 3 },
      { step: 'nap', what: 'left', count: 3 },
    ]);
  });
});
