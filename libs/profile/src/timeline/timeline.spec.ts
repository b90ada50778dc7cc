import type { ProfileFixture } from '../profile-fixture';
import { TimelineEntry, TimelineQuery } from './timeline.dto';
import { TimelineQueries } from './timeline.queries';
import { useProfileFixture } from '../use-profile-fixture';

describe("a profile's timeline", () => {
  let fixture: ProfileFixture;
  let workspaceId: string;
  let timelines: TimelineQueries;

  useProfileFixture((started) => {
    fixture = started;
    timelines = new TimelineQueries(fixture.database, fixture.pages);
  });
  beforeEach(async () => {
    workspaceId = await fixture.workspace();
  });

  let messages = 0;
  const seen = (who: object, event: string, minute: number): object => ({
    messageId: `t${++messages}`,
    type: 'track',
    ...who,
    event,
    timestamp: new Date(Date.UTC(2026, 1, 1, 10, minute)).toISOString(),
  });
  const profileOf = async (namespace: string, value: string): Promise<string> =>
    (await fixture.queries.find(workspaceId, namespace, value)).data[0]!.id;
  const page = (id: string, query: Partial<TimelineQuery> = {}) =>
    timelines.page(workspaceId, id, { limit: 100, ...query });
  const names = async (id: string, query: Partial<TimelineQuery> = {}): Promise<string[]> =>
    (await page(id, query)).data.map(({ name }) => name);

  it('is complete and in order, page by page, also where many events share an instant', async () => {
    const all = Array.from({ length: 23 }, (_, n) => seen({ userId: 'u' }, `e${n}`, Math.floor(n / 5)));
    await fixture.say(workspaceId, ...[...all].reverse());
    await fixture.say(workspaceId, seen({ userId: 'other' }, 'not mine', 1));
    const id = await profileOf('user_id', 'u');
    const read: TimelineEntry[] = [];
    let cursor: string | undefined;
    do {
      const next = await page(id, { limit: 4, cursor });
      read.push(...next.data);
      cursor = next.next ?? undefined;
    } while (cursor !== undefined);
    expect(read.map(({ name }) => name).sort()).toEqual(all.map((_, n) => `e${n}`).sort());
    const times = read.map(({ occurredAt }) => occurredAt.getTime());
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(new Set(read.map(({ pos }) => pos)).size).toBe(23);
  });

  it('is cut by name, type and time: from is inside, to is outside', async () => {
    await fixture.say(
      workspaceId,
      ...[1, 2, 3, 4].map((minute) => seen({ userId: 'u' }, `at ${minute}`, minute)),
      { messageId: 'i1', type: 'identify', userId: 'u', timestamp: '2026-02-01T10:05:00Z' },
    );
    const id = await profileOf('user_id', 'u');
    expect(await names(id, { name: ['at 3', 'at 1', 'never'] })).toEqual(['at 3', 'at 1']);
    expect(await names(id, { type: 'identify' })).toEqual(['identify']);
    expect(await names(id, { from: '2026-02-01T10:02:00Z', to: '2026-02-01T10:04:00.000Z' })).toEqual([
      'at 3',
      'at 2',
    ]);
    expect(await names(id, { from: '2026-02-01T11:04:00+01:00' })).toEqual(['identify', 'at 4']);
    expect(await names(id, { from: '2026-02-01', to: '2026-02-01T10:02:00' })).toEqual(['at 1']);
  });

  it('holds what was merged into it, and no longer what was taken apart', async () => {
    await fixture.say(
      workspaceId,
      seen({ anonymousId: 'phone' }, 'on the phone', 1),
      seen({ userId: 'u' }, 'logged in', 2),
    );
    const phone = await profileOf('anonymous_id', 'phone');
    await fixture.say(workspaceId, { messageId: 'a1', type: 'alias', userId: 'u', previousId: 'phone' });
    const merged = (await page(await profileOf('user_id', 'u'))).data;
    expect(merged.map(({ name, identity }) => [name, identity.value])).toEqual([
      ['alias', 'u'],
      ['logged in', 'u'],
      ['on the phone', 'phone'],
    ]);
    expect((await page(phone)).data).toEqual(merged);
    const [merge] = (await fixture.queries.merges(workspaceId, { limit: 1 })).data;
    await fixture.profiles.unmerge(workspaceId, 'spec', merge!.id);
    expect(await names(phone)).toEqual(['on the phone']);
  });

  it('of nobody is not found', async () => {
    await expect(page(workspaceId)).rejects.toMatchObject({ status: 404 });
  });
});
