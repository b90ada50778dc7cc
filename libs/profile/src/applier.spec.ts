import { Client } from 'pg';
import type { TestEngines } from '@percorso/engines';
import type { ProfileFixture } from './profile-fixture';
import { ProfileView } from './profile-view';
import { useProfileFixture } from './use-profile-fixture';

describe('applying the log', () => {
  let engines: TestEngines;
  let fixture: ProfileFixture;
  let workspaceId: string;

  useProfileFixture((started, of) => {
    fixture = started;
    engines = of;
  });

  beforeEach(async () => {
    workspaceId = await fixture.workspace();
    fixture.hooks.length = 0;
  });

  let messages = 0;
  const at = (minute: number): string => new Date(Date.UTC(2026, 1, 1, 0, minute)).toISOString();
  const item = (type: string, minute: number, fields: object): object => ({
    messageId: `message ${++messages}`,
    type,
    timestamp: at(minute),
    ...fields,
  });
  const identify = (minute: number, fields: object): object => item('identify', minute, fields);
  const track = (minute: number, event: string, fields: object): object =>
    item('track', minute, { event, ...fields });

  const profileOf = async (namespace: string, value: string): Promise<ProfileView> =>
    (await fixture.queries.find(workspaceId, namespace, value)).data[0]!;
  const values = (profile: ProfileView): Record<string, unknown> =>
    Object.fromEntries(Object.entries(profile.traits).map(([key, trait]) => [key, trait.value]));
  const timeline = async (profile: ProfileView): Promise<string[]> =>
    (await fixture.queries.events(workspaceId, profile.id, { limit: 100 })).data.map((event) => event.name);

  it('an anonymous visitor who logs in keeps id, history and first sight', async () => {
    await fixture.say(workspaceId, track(1, 'Viewed', { anonymousId: 'a1' }));
    const before = await profileOf('anonymous_id', 'a1');
    await fixture.say(
      workspaceId,
      identify(5, { userId: 'u1', anonymousId: 'a1', traits: { email: 'Ada@Example.com', plan: 'pro' } }),
    );
    const profile = await profileOf('email', ' ada@example.COM');
    expect(profile.id).toBe(before.id);
    expect(profile.identities.map(({ namespace, value }) => `${namespace}=${value}`)).toEqual([
      'anonymous_id=a1',
      'user_id=u1',
      'email=ada@example.com',
    ]);
    expect(profile.traits.plan).toEqual({ value: 'pro', source: 'web', at: at(5) });
    expect(profile.firstSeen.toISOString()).toBe(at(1));
    expect(profile.lastSeen.toISOString()).toBe(at(5));
    expect(await timeline(profile)).toEqual(['identify', 'Viewed']);
  });

  it('traits go by when they occurred, not by when they came', async () => {
    await fixture.say(workspaceId, identify(9, { userId: 'u1', traits: { plan: 'gold' } }));
    await fixture.say(workspaceId, identify(3, { userId: 'u1', traits: { plan: 'free', city: 'Rome' } }));
    const profile = await profileOf('user_id', 'u1');
    expect(values(profile)).toEqual({ plan: 'gold', city: 'Rome' });
    expect(profile.version).toBe(2);
    // The same said again later is no news to readers.
    await fixture.say(workspaceId, identify(10, { userId: 'u1', traits: { plan: 'gold' } }));
    const again = await profileOf('user_id', 'u1');
    expect(again.version).toBe(2);
    expect(again.traits.plan?.at).toBe(at(10));
  });

  it('two users of one device stay two, with one refusal however often it happens', async () => {
    const device = { device: { id: 'tablet' } };
    await fixture.say(workspaceId, identify(1, { userId: 'u1', context: device, traits: { name: 'Ada' } }));
    for (const minute of [2, 3]) {
      await fixture.say(
        workspaceId,
        identify(minute, { userId: 'u2', context: device, traits: { name: 'Bob' } }),
      );
    }
    const [one, two] = [await profileOf('user_id', 'u1'), await profileOf('user_id', 'u2')];
    expect(one.id).not.toBe(two.id);
    expect([values(one).name, values(two).name]).toEqual(['Ada', 'Bob']);
    expect((await profileOf('device_id', 'tablet')).id).toBe(one.id);
    const refusals = await fixture.database.tx(workspaceId, (tx) =>
      tx.query('SELECT namespace FROM merge_refusal WHERE workspace_id = $1', [workspaceId]),
    );
    expect(refusals.rows).toEqual([{ namespace: 'user_id' }]);
  });

  it('a merge and its reversal: both profiles are as before, later facts stay with whom they were said of', async () => {
    const calls: string[] = [];
    fixture.hooks.push({
      merged: async (_tx, pairs) => void calls.push(`merged ${pairs.map((pair) => pair.loser.profileId)}`),
      unmerged: async (_tx, pair) => void calls.push(`unmerged ${pair.loser.profileId}`),
    });
    await fixture.say(
      workspaceId,
      track(1, 'Viewed', {
        anonymousId: 'a1',
        context: { consent: { categoryPreferences: { email: true } } },
      }),
      item('group', 2, { anonymousId: 'a1', groupId: 'acme', traits: { size: 9 } }),
      identify(3, { anonymousId: 'a1', traits: { plan: 'free', color: 'red' } }),
      identify(2, { userId: 'u1', traits: { plan: 'pro' } }),
    );
    const before = [await profileOf('anonymous_id', 'a1'), await profileOf('user_id', 'u1')];
    await fixture.say(workspaceId, item('alias', 4, { userId: 'u1', previousId: 'a1' }));

    const merged = await profileOf('anonymous_id', 'a1');
    expect(merged.id).toBe(before[1]!.id);
    expect(values(merged)).toEqual({ plan: 'free', color: 'red' });
    expect(merged).toMatchObject({ groups: ['acme'], consent: { email: { '*': 'granted' } } });
    expect(await timeline(merged)).toEqual(['alias', 'identify', 'identify', 'group', 'Viewed']);
    await expect(fixture.queries.get(workspaceId, before[0]!.id)).rejects.toMatchObject({ status: 404 });

    const { data } = await fixture.queries.merges(workspaceId, { limit: 10 }, merged.id);
    expect(data).toMatchObject([{ winner: before[1]!.id, loser: before[0]!.id, cause: { kind: 'alias' } }]);
    await fixture.profiles.unmerge(workspaceId, 'spec', data[0]!.id);
    const plain = ({ version: _, lastSeen: __, ...rest }: ProfileView): object => rest;
    const after = [await profileOf('anonymous_id', 'a1'), await profileOf('user_id', 'u1')];
    expect(after.map(plain)).toEqual(before.map(plain));
    expect(calls).toEqual([`merged ${before[0]!.id}`, `unmerged ${before[0]!.id}`]);
    await expect(fixture.profiles.unmerge(workspaceId, 'spec', data[0]!.id)).rejects.toMatchObject({
      status: 409,
    });

    // Seen together again, they stay apart: somebody separated them by hand.
    await fixture.say(workspaceId, track(6, 'Viewed', { userId: 'u1', anonymousId: 'a1' }));
    expect((await profileOf('anonymous_id', 'a1')).id).toBe(before[0]!.id);
  });

  it('a chain of merges comes apart in the middle', async () => {
    await fixture.say(workspaceId, track(1, 'V', { anonymousId: 'a1' }), identify(1, { userId: 'u1' }));
    await fixture.say(
      workspaceId,
      identify(1, { userId: 'u2' }),
      track(2, 'V', { anonymousId: 'a1', userId: 'u2' }),
    );
    await fixture.say(workspaceId, item('alias', 3, { userId: 'u1', previousId: 'u2' }));
    const whole = await profileOf('user_id', 'u1');
    expect((await profileOf('anonymous_id', 'a1')).id).toBe(whole.id);
    const { data } = await fixture.queries.merges(workspaceId, { limit: 10 });
    expect(data).toHaveLength(2);
    await fixture.profiles.unmerge(workspaceId, 'spec', data[1]!.id);
    const two = await profileOf('user_id', 'u2');
    expect(two.id).not.toBe(whole.id);
    expect((await profileOf('anonymous_id', 'a1')).id).toBe(two.id);
    expect((await profileOf('user_id', 'u1')).id).toBe(whole.id);
  });

  it('one poisonous item among many is set aside with its reason, all others are applied', async () => {
    const items = Array.from({ length: 60 }, (_, n) => identify(n, { userId: `p${n}`, traits: { n } }));
    // A constraint that no check of ours knows of stands for whatever PostgreSQL may refuse.
    const owner = new Client({ connectionString: engines.databaseUrl });
    await owner.connect();
    await owner.query(`ALTER TABLE percorso.event ADD CONSTRAINT no_boom CHECK (name <> 'boom')`);
    items[17] = track(1, 'boom', { userId: 'p17' });
    items[18] = { messageId: 'nobody', type: 'track', event: 'X' };
    items[19] = track(1, 'Y', { userId: '   ' });
    await fixture.say(workspaceId, ...items, items[16]!);
    await owner.query('ALTER TABLE percorso.event DROP CONSTRAINT no_boom');
    await owner.end();

    expect(await fixture.head(workspaceId)).toMatchObject({
      head: 61,
      applied: 61,
      accepted: 57,
      duplicates: 1,
      quarantined: 3,
    });
    const { rows } = await fixture.database.tx(workspaceId, (tx) =>
      tx.query('SELECT pos, code, reason, payload FROM quarantine WHERE workspace_id = $1 ORDER BY pos', [
        workspaceId,
      ]),
    );
    expect(rows.map(({ pos, code }) => [pos, code])).toEqual([
      ['18', 'not-storable'],
      ['19', 'field-missing'],
      ['20', 'no-identity'],
    ]);
    expect(rows[0]).toMatchObject({ reason: 'PostgreSQL cannot store the item (SQLSTATE 23514).' });
    expect(JSON.parse(String(rows[0]!.payload))).toEqual(items[17]);
    expect(values(await profileOf('user_id', 'p16'))).toEqual({ n: 16 });
    expect(values(await profileOf('user_id', 'p59'))).toEqual({ n: 59 });
    expect(await profileOf('user_id', 'p17')).toBeUndefined();
  });

  it('two appliers at once apply every event once', async () => {
    for (let batch = 0; batch < 20; batch++) {
      await fixture.accept(
        workspaceId,
        Array.from({ length: 50 }, (_, n) =>
          track(n, 'V', { userId: `u${n % 7}`, anonymousId: `a${batch % 5}` }),
        ),
      );
    }
    const other = fixture.newApplier();
    const work = async (applier: typeof other): Promise<void> => {
      while ((await fixture.head(workspaceId)).applied! < 1000) await applier.turn(workspaceId, 0);
    };
    await Promise.all([work(fixture.applier), work(other)]);
    expect(await fixture.head(workspaceId)).toMatchObject({
      head: 1000,
      applied: 1000,
      accepted: 1000,
      duplicates: 0,
      quarantined: 0,
    });
    const { rows } = await fixture.database.tx(workspaceId, (tx) =>
      tx.query(
        'SELECT count(*)::int AS n, count(DISTINCT pos)::int AS d FROM event WHERE workspace_id = $1',
        [workspaceId],
      ),
    );
    expect(rows).toEqual([{ n: 1000, d: 1000 }]);
  });
});
