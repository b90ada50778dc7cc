import { startTestEngines, type TestEngines } from '@percorso/engines';
import { AudienceService } from '../audience/audience.service';
import { ExplainService } from '../explain/explain.service';
import { SetGuard } from '../stream/set-guard';
import { StreamWorld } from '../stream/stream-world';
import { AccountStory, bought, boughtLately, isTrait } from './account-story';

const [HOUR, DAY] = [3_600_000, 86_400_000];

describe('conditions on members of accounts', () => {
  let engines: TestEngines;
  let world: StreamWorld;
  let story: AccountStory;

  beforeAll(async () => {
    engines = await startTestEngines();
    world = await StreamWorld.start(engines);
    story = new AccountStory(world);
  }, 120_000);

  beforeEach(async () => {
    await world.newWorkspace();
    await world.sweep();
  });

  afterAll(async () => {
    await world?.stop();
    await engines?.stop();
  });

  async function rows<T extends object>(query: string): Promise<T[]> {
    const { rows: found } = await world.database.tx(world.workspaceId, (tx) =>
      tx.query<T>(query, [world.workspaceId]),
    );
    return found;
  }
  const count = async (of: string): Promise<number> =>
    (await rows<{ n: number }>(`SELECT count(*)::int AS n FROM ${of} WHERE workspace_id = $1`))[0]!.n;
  /** The person of each user. */
  async function persons(...users: string[]): Promise<number[]> {
    const found = await rows<{ value: string; person: number }>(
      `SELECT value, person FROM identity_node WHERE workspace_id = $1 AND namespace = 'user_id'`,
    );
    return users.map((user) => found.find(({ value }) => value === user)!.person).sort((a, b) => a - b);
  }
  const causes = async (audience: string): Promise<string[]> =>
    (await world.deltas(audience)).map(({ op, person, cause }) => `${person} ${op} ${cause.kind}`);

  /** What happens between the computing of a set and its writing. */
  function meanwhile(happens: () => Promise<void>): jest.SpyInstance {
    const guard = world.get(SetGuard);
    const original = guard.caughtUp.bind(guard);
    return jest.spyOn(guard, 'caughtUp').mockImplementation(async (...args) => {
      await happens();
      return original(...args);
    });
  }

  it('lets all members of an account in by what one of them did, and out when that is long ago', async () => {
    const audience = await story.newAudience({ where: boughtLately });
    await world.say(
      story.joins('ann', 'acme'),
      story.joins('bob', 'acme'),
      story.joins('eve', 'other'),
      story.order('ann', 29 * DAY),
    );
    expect(await world.members(audience)).toEqual([]);
    await world.say(story.order('ann'));
    const [ann, bob] = await persons('ann', 'bob');
    expect(await world.members(audience)).toEqual([ann, bob]);
    expect(await causes(audience)).toEqual([`${ann} enter event`, `${bob} enter account`]);
    // Until exactly thirty days have passed.
    world.clock.advance(DAY);
    await world.sweep();
    await world.stream();
    expect(await world.members(audience)).toHaveLength(2);
    world.clock.advance(1);
    await world.stream();
    expect(await world.members(audience)).toEqual([]);
    // What comes late counts as if it had come in time.
    world.forget();
    await world.say(
      story.order('bob', 3 * DAY),
      story.order('bob', 31 * DAY + HOUR),
      story.order('bob', 2 * DAY),
    );
    expect(await world.members(audience)).toHaveLength(2);
    expect(await world.evaluate(audience)).toMatchObject({ drift: 0, members: 2 });
  });

  it('counts others only where it says so', async () => {
    const audience = await story.newAudience({ where: bought(), others: true });
    await world.say(
      story.joins('ann', 'acme'),
      story.joins('bob', 'acme'),
      story.joins('eve', 'acme'),
      story.order('ann'),
    );
    expect(await world.members(audience)).toEqual(await persons('bob', 'eve'));
    await world.say(story.order('bob'));
    expect(await world.members(audience)).toEqual(await persons('ann', 'bob', 'eve'));
    await story.erase('ann');
    expect(await world.members(audience)).toEqual(await persons('eve'));
    expect(await world.evaluate(audience)).toMatchObject({ drift: 0 });
  });

  it('looks at the accounts that pass alone', async () => {
    const audience = await story.newAudience({ where: bought(), account: [isTrait('plan', 'pro')] });
    await world.say(
      story.joins('ann', 'acme', { plan: 'free' }),
      story.joins('bob', 'acme'),
      story.order('ann'),
    );
    await world.say(story.joins('eve', 'other', { plan: 'pro' }), story.joins('ann', 'third', {}));
    expect(await world.members(audience)).toEqual([]);
    await world.say(story.joins('bob', 'acme', { plan: 'pro' }));
    expect(await world.members(audience)).toEqual(await persons('ann', 'bob'));
    // Who joins is in by that; what the account is told again changes nothing.
    await world.say(story.joins('new', 'acme', { plan: 'pro' }));
    expect(await world.members(audience)).toEqual(await persons('ann', 'bob', 'new'));
    expect(await world.evaluate(audience)).toMatchObject({ drift: 0, members: 3 });
  });

  it('follows merges and unmerges of members', async () => {
    const audience = await story.newAudience({ where: boughtLately });
    await world.say(story.joins('ann', 'acme'), story.joins('bob', 'acme'), story.order('ann', DAY));
    await world.say({ ...story.order('ann', 2 * DAY), userId: undefined, anonymousId: 'phone' });
    expect(await world.members(audience)).toEqual([]);
    await world.say(story.identify('ann', {}, { anonymousId: 'phone' }));
    expect(await world.members(audience)).toEqual(await persons('ann', 'bob'));
    // Merged profiles are members of the accounts of all.
    await world.say(
      { ...story.joins('x', 'other'), userId: undefined, anonymousId: 'desk' },
      story.joins('eve', 'other'),
    );
    await world.say(story.identify('ann', {}, { anonymousId: 'desk' }));
    expect(await world.members(audience)).toEqual(await persons('ann', 'bob', 'eve'));
    await world.unmergeAll();
    await world.stream();
    expect(await world.members(audience)).toEqual([]);
    expect(await world.evaluate(audience)).toMatchObject({ drift: 0, members: 0 });
  });

  it('forgets erased members, and lets out whom they alone kept in', async () => {
    const audience = await story.newAudience({ where: bought() });
    await world.say(story.joins('ann', 'acme'), story.joins('bob', 'acme'), story.order('ann'));
    expect(await world.members(audience)).toHaveLength(2);
    await story.erase('ann');
    expect(await world.members(audience)).toEqual([]);
    expect(await count('member_match')).toBe(0);
  });

  it('asks used audiences of members, as they are defined now', async () => {
    const used = await world.newAudience(bought());
    const audience = await story.newAudience({ where: { not: { audience: { id: used } } } });
    await world.say(
      story.joins('ann', 'acme'),
      story.joins('bob', 'acme'),
      story.order('ann'),
      story.order('bob'),
    );
    expect(await world.members(audience)).toEqual([]);
    const audiences = world.get(AudienceService);
    const { version } = await audiences.get(world.workspaceId, used);
    const definition = { version: 1 as const, where: boughtLately };
    await audiences.change(world.workspaceId, used, { definition }, version, 'spec');
    // Until it is computed nobody is answered by half of it.
    await world.say(story.order('bob'));
    expect(await world.members(audience)).toEqual([]);
    await world.evaluate(audience);
    expect(await world.members(audience)).toHaveLength(2);
    await world.say(story.order('ann'));
    expect(await world.members(audience)).toEqual([]);
    expect(await world.evaluate(audience)).toMatchObject({ drift: 0 });
    // What the old definition asked for is kept no longer.
    expect(await count('member_condition')).toBe(2);
    await world.sweep();
    expect(await count('member_condition')).toBe(1);
  });

  it('refuses circles, and members of members', async () => {
    const members = await story.newAudience({ where: bought() });
    const audiences = world.get(AudienceService);
    const create = (where: object): Promise<unknown> =>
      audiences.create(
        world.workspaceId,
        { name: 'members of members', definition: { version: 1, where } },
        'spec',
      );
    await expect(
      create({ any: [{ accountMember: { where: { audience: { id: members } } } }] }),
    ).rejects.toMatchObject({
      status: 422,
      errors: [{ pointer: '/definition/where/any/0/accountMember/where/audience/id', code: 'nested' }],
    });
    const { version } = await audiences.get(world.workspaceId, members);
    const where = { accountMember: { where: { audience: { id: members } } } };
    await expect(
      audiences.change(world.workspaceId, members, { definition: { version: 1, where } }, version, 'spec'),
    ).rejects.toMatchObject({ status: 422, errors: [{ code: 'cycle' }] });
  });

  it('is complete when it answers: members change while they are computed', async () => {
    const people = Array.from({ length: 30 }, (_, index) => `p${index}`);
    await world.say(...people.map((who, index) => story.joins(who, `g${index % 10}`)));
    await world.say(
      ...people.slice(0, 5).flatMap((who) => [story.order(who, DAY), story.order(who, 2 * DAY)]),
    );
    const audience = await world.newAudience({ not: { accountMember: { where: boughtLately } } });
    // Beside both sets: that of the members, and that of the audience.
    const changing = meanwhile(async () => {
      world.clock.advance(1);
      await world.say(
        story.order('p7'),
        story.order('p8'),
        story.joins('late', 'g7'),
        story.order('p17', 40 * DAY),
      );
    });
    await world.evaluate(audience);
    expect(changing).toHaveBeenCalledTimes(2);
    changing.mockRestore();
    await world.stream();
    const inside = people.filter((_, index) => [5, 6, 9].includes(index % 10));
    expect(await world.members(audience)).toEqual(await persons(...inside));
    expect(await world.evaluate(audience)).toMatchObject({ drift: 0, entered: 0, exited: 0 });
    const deltas = await world.deltas(audience);
    expect(deltas.map(({ op }) => op)).toEqual(deltas.map(() => 'enter'));
  });

  it('finds and heals what was tampered with, and says how much', async () => {
    const audience = await story.newAudience({ where: bought() });
    await world.say(
      story.joins('ann', 'acme'),
      story.joins('ann', 'other'),
      story.joins('bob', 'acme'),
      story.joins('eve', 'other'),
    );
    await world.say(story.order('ann'));
    expect(await world.members(audience)).toHaveLength(3);
    await rows(`DELETE FROM member_match WHERE workspace_id = $1 AND account_id = 'other'`);
    await rows(
      `INSERT INTO member_match SELECT workspace_id, condition_id, 'third', person FROM member_match WHERE workspace_id = $1`,
    );
    await world.say(story.identify('eve', { seen: 1 }));
    expect(await world.members(audience)).toHaveLength(2);
    const streaming = meanwhile(() => world.stream());
    expect(await world.evaluate(audience)).toMatchObject({ drift: 2 });
    streaming.mockRestore();
    expect(await world.members(audience)).toHaveLength(3);
    expect(
      await rows(`SELECT account_id AS id FROM member_match WHERE workspace_id = $1 ORDER BY 1`),
    ).toEqual([{ id: 'acme' }, { id: 'other' }]);
    expect(await world.evaluate(audience)).toMatchObject({ drift: 0 });
  });

  it('wakes a large account for its first and its last only, in short turns', async () => {
    const audience = await story.newAudience({ where: bought() });
    const people = Array.from({ length: 2500 }, (_, index) => `p${index}`);
    for (let start = 0; start < people.length; start += 500)
      await world.say(...people.slice(start, start + 500).map((who) => story.joins(who, 'acme')));
    await world.say(story.order('p0'));
    expect(await world.members(audience)).toHaveLength(2500);
    await world.accept(...people.slice(1, 300).map((who) => story.order(who)));
    await world.apply();
    await world.stream();
    expect(await count('member_match')).toBe(300);
    await world.accept(story.order('p0'));
    await world.apply();
    await world.stream();
    // Nobody was looked at since but those to whom something happened.
    const woken = await rows<{ n: number }>(
      `SELECT count(*)::int AS n FROM profile_wake WHERE workspace_id = $1 AND cause IS NOT NULL`,
    );
    expect(woken).toEqual([{ n: 0 }]);
    expect(await world.evaluate(audience)).toMatchObject({ drift: 0, members: 2500 });
  }, 60_000);

  it('explains which member it is, and no more of others than their profile', async () => {
    const audience = await story.newAudience({
      where: { all: [boughtLately, { trait: isTrait('role', 'boss') }] },
    });
    await world.say(
      story.joins('ann', 'acme'),
      story.joins('bob', 'acme'),
      story.identify('ann', { role: 'boss' }),
    );
    await world.say(story.order('ann', 3 * DAY), story.order('ann', DAY));
    const found = await rows<{ id: string; person: number }>(
      `SELECT id, person FROM profile WHERE workspace_id = $1 ORDER BY person`,
    );
    const [ann, bob] = found.map(({ id }) => id);
    const explain = (at?: Date) => world.get(ExplainService).explain(world.workspaceId, audience, bob!, at);
    const explained = await explain();
    expect(explained).toMatchObject({
      holds: true,
      member: true,
      nextChangeAt: new Date(world.clock.now().getTime() + 27 * DAY + 1),
      where: {
        pointer: '/where/accountMember',
        kind: 'accountMember',
        evidence: { accountId: 'acme', profileId: ann, total: 1 },
      },
    });
    expect(explained.where.conditions).toMatchObject([
      {
        pointer: '/where/accountMember/where',
        kind: 'all',
        conditions: [
          { pointer: '/where/accountMember/where/all/0/event', kind: 'event', holds: true },
          { pointer: '/where/accountMember/where/all/1/trait', kind: 'trait', holds: true },
        ],
      },
    ]);
    expect(JSON.stringify(explained.where.conditions)).not.toMatch(/boss|evidence|m\d/);
    const before = new Date(world.clock.now().getTime() - HOUR);
    expect(await explain(before)).toMatchObject({ holds: false, where: { evidence: { total: 0 } } });
  });

  it('says where of the past not all members of a large account were looked at', async () => {
    const member = { accountMember: { where: bought() } };
    const [plain, sure] = [
      await world.newAudience(member),
      await world.newAudience({ any: [member, { not: { trait: isTrait('plan', 'pro') } }] }),
    ];
    const crowd = Array.from({ length: 200 }, (_, index) => `p${index}`);
    await world.say(...crowd.map((user) => story.joins(user, 'acme')));
    for (const id of [plain, sure]) await world.evaluate(id);
    const [{ id } = { id: '' }] = await rows<{ id: string }>(
      'SELECT id FROM profile WHERE workspace_id = $1 ORDER BY person',
    );
    const explain = (audience: string, at?: Date) =>
      world.get(ExplainService).explain(world.workspaceId, audience, id, at);
    const before = world.clock.now();
    expect(await explain(plain, before)).toMatchObject({ holds: false, incomplete: false });
    world.clock.advance(HOUR);
    await world.say(story.joins('one-more', 'acme'));
    expect(await explain(plain, before)).toMatchObject({
      holds: false,
      incomplete: true,
      where: { evidence: { total: 0, incomplete: true } },
    });
    expect(await explain(sure, before)).toMatchObject({ holds: true, incomplete: false });
    // Who satisfies it now is kept.
    expect(await explain(plain)).toMatchObject({ holds: false, incomplete: false });
    await world.say(story.order('one-more'));
    const found = await explain(plain);
    expect(found).toMatchObject({ holds: true, member: true, incomplete: false });
    expect(found.where.evidence).not.toHaveProperty('incomplete');
  });
});
