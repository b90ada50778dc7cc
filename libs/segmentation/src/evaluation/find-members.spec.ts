import { startTestEngines, startTestShards, type TestEngines, type TestShards } from '@percorso/engines';
import { newId } from '@percorso/kernel';
import { migrate, Shards } from '@percorso/storage';
import { definitionOf } from '../compile/set-fixture';
import { findMembers } from './find-members';

const NOW = new Date('2026-06-15T12:00:00Z');

describe('members found on two shards', () => {
  const workspaceId = newId();
  let engines: TestEngines;
  let servers: TestShards;
  let shards: Shards;

  beforeAll(async () => {
    [engines, servers] = await Promise.all([startTestEngines(), startTestShards(2)]);
    shards = Shards.connect(servers.urls);
    await migrate(engines.databaseUrl, shards);
    // Person 2 came to the second shard by a merge: what the first still has of it is nobody's.
    await insert(0, 'profile', [profile(1, 'gold'), profile(2, 'gold', 1)]);
    await insert(0, 'node_person', [node(1, 1), node(2, 0)]);
    await insert(0, 'event', [event(1), event(2), event(2)]);
    await insert(1, 'profile', [profile(2, 'gold'), profile(5, 'free'), profile(9, 'gold')]);
    await insert(1, 'node_person', [node(2, 2), node(5, 5), node(7, 9)]);
    await insert(1, 'event', [event(2), event(2), event(7)]);
  }, 120_000);
  afterAll(async () => {
    await shards?.close();
    await servers?.stop();
    await engines?.stop();
  });

  const profile = (person: number, tier: string, deleted = 0): object => ({
    person,
    strings: { tier },
    version: 1 + deleted,
    deleted,
  });
  const node = (number: number, person: number): object => ({ node: number, person, version: 1 });
  let pos = 0;
  const event = (number: number): object => ({
    name: 'A',
    node: number,
    occurred_at: NOW.getTime() - 1000,
    received_at: NOW.getTime() - 1000,
    pos: ++pos,
  });
  const insert = async (shard: number, table: string, rows: object[]): Promise<void> => {
    const values = rows.map((row) => ({ workspace_id: workspaceId, ...row }));
    await shards.at(shard).insert({ table: `percorso.${table}`, values, format: 'JSONEachRow' });
  };
  const found = async (...conditions: object[]): Promise<number[][]> => {
    const scope = { workspaceId, now: NOW, asOfPos: 100 };
    const members = await findMembers(shards, conditions.map(definitionOf), scope);
    return members.map((one) => [...one.persons()]);
  };

  it('are those of all, each counted where it lives', async () => {
    const gold = { trait: { path: 'tier', op: 'eq', value: 'gold' } };
    const counted = (op: string, value: number): object => ({
      event: { name: 'A', measure: 'count', op, value },
    });
    expect(
      await found(gold, counted('gte', 1), counted('eq', 2), counted('eq', 0), { not: counted('gt', 1) }),
    ).toEqual([[1, 2, 9], [1, 2, 9], [2], [5], [1, 5, 9]]);
  });

  it('are found though what is asked is longer than a URL may be', async () => {
    const values = Array.from({ length: 999 }, (_, index) => `${index}`.padStart(30, 'x'));
    const conditions = Array.from({ length: 60 }, (_, index) => ({
      trait: { path: 'tier', op: 'in', value: [...values, index === 59 ? 'free' : `${index}`] },
    }));
    expect((await found(...conditions)).flat()).toEqual([5]);
  });
});
