import { startTestEngines, startTestShards, type TestEngines, type TestShards } from '@percorso/engines';
import { newId } from '@percorso/kernel';
import { firstShard, migrate, Shards } from './index';

describe('shards', () => {
  let engines: TestEngines;
  let servers: TestShards;

  beforeAll(async () => {
    [engines, servers] = await Promise.all([startTestEngines(), startTestShards(2)]);
  });
  afterAll(async () => {
    await servers?.stop();
    await engines?.stop();
  });

  const migrated = async (urls: readonly string[], cluster?: string): Promise<string[]> => {
    const shards = Shards.connect(urls, cluster);
    return migrate(engines.databaseUrl, shards).finally(() => shards.close());
  };

  it('keep their number and their order, and stay what they are', async () => {
    const [one, two] = servers.urls as [string, string];
    expect(await migrated([one, two])).toContain('clickhouse/0001-foundation');
    expect(await migrated([one, two])).toEqual([]);
    const refused = { code: 'shards-changed', status: 500 };
    await expect(migrated([two, one])).rejects.toMatchObject(refused);
    await expect(migrated([one])).rejects.toMatchObject(refused);
    await expect(migrated([one, two, engines.clickhouseUrl])).rejects.toMatchObject(refused);
    await expect(migrated([one, two], 'main')).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('by itself') as string,
    });
  });

  it('of before there were several count as the only one', async () => {
    const lone = await startTestShards(1);
    await migrated(lone.urls);
    const shards = Shards.connect(lone.urls);
    await shards.at(0).command({ query: 'TRUNCATE TABLE percorso.shard' });
    await shards.close();
    expect(await migrated(lone.urls)).toEqual([]);
    await expect(migrated([...lone.urls, ...servers.urls])).rejects.toMatchObject({ code: 'shards-changed' });
    await lone.stop();
  });

  it('get about as many homes each, differently in each workspace', () => {
    const [one, other] = [newId(), newId()];
    const counts = [0, 0, 0, 0, 0];
    let same = 0;
    for (let home = 1; home <= 50_000; home++) {
      const shard = firstShard(one, home, 5);
      counts[shard]! += 1;
      if (shard === firstShard(other, home, 5)) same += 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    expect(Math.abs(same - 10_000)).toBeLessThan(500);
    expect(firstShard('0197a6d0-1111-7222-8333-444455556666', 7, 5)).toBe(PINNED);
  });
});

/** Rows stay where this has put them: it may never become another. */
const PINNED = 1;
