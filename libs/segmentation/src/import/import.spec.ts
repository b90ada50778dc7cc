import { ProfileService } from '@percorso/profile';
import type { Row } from '@percorso/access';
import type { StreamWorld } from '../stream/stream-world';
import { useStreamWorld } from '../stream/stream-fixture';
import { ImportService } from './import.service';

const user = (value: string): { namespace: string; value: string } => ({ namespace: 'user_id', value });

describe('imported audiences', () => {
  let world: StreamWorld;
  let serial = 0;

  useStreamWorld((started) => (world = started));

  const seen = (...who: object[]): Promise<void> =>
    world.say(
      ...who.map((one) => ({
        type: 'identify',
        messageId: `m${++serial}`,
        timestamp: world.clock.now().toISOString(),
        traits: {},
        ...one,
      })),
    );
  const imported = async (): Promise<string> => {
    const id = await world.newAudience({ imported: true });
    await world.evaluate(id);
    return id;
  };
  const both = async (id: string): Promise<number[]> => {
    await world.stream();
    const members = await world.members(id);
    expect(await world.set({ imported: true }, id)).toEqual(members);
    return members;
  };

  it('adds and replaces, counts whom it cannot find, and writes the cause', async () => {
    await seen({ userId: 'ann', traits: { email: 'Ann@Example.com' } }, { userId: 'bob' }, { userId: 'cy' });
    const id = await imported();
    const added = await world.upload(
      id,
      'add',
      { namespace: 'email', value: ' ANN@example.COM ' },
      user('bob'),
      user('bob'),
      user('nobody'),
      { namespace: 'card', value: '1' },
      { namespace: 'phone', value: 'soon' },
    );
    expect(added).toMatchObject({ rows: 6, matched: 3, unmatched: 3, added: 2, removed: 0 });
    expect(added.problems.map(({ line, code }) => [line, code])).toEqual([
      [5, 'unknown-identity'],
      [6, 'unknown-namespace'],
      [7, 'not-an-identity'],
    ]);
    // Ann's e-mail address is node 2.
    expect(await both(id)).toEqual([1, 3]);
    const replaced = await world.upload(id, 'replace', user('cy'), user('bob'));
    expect(replaced).toMatchObject({ added: 1, removed: 1 });
    expect(await both(id)).toEqual([3, 4]);
    expect(await world.upload(id, 'replace')).toMatchObject({ rows: 0, removed: 2 });
    expect(await both(id)).toEqual([]);
    const causes = (await world.deltas(id)).map(({ op, cause }) => [op, cause.kind]);
    expect(causes).toHaveLength(6);
    expect(new Set(causes.map(([, kind]) => kind))).toEqual(new Set(['import']));
    expect(await world.evaluate(id)).toMatchObject({ drift: 0, members: 0 });
  });

  it('follows merges, unmerges and erasures, for audiences that use it too', async () => {
    await seen({ userId: 'ann' }, { anonymousId: 'phone' }, { userId: 'bob' });
    const id = await imported();
    const user2 = await world.newAudience({ all: [{ audience: { id } }] });
    await world.evaluate(user2);
    await world.upload(id, 'add', { namespace: 'anonymous_id', value: 'phone' }, user('bob'));
    expect(await both(id)).toEqual([2, 3]);
    await seen({ userId: 'ann', anonymousId: 'phone' });
    expect(await both(id)).toEqual([1, 3]);
    expect(await world.members(user2)).toEqual([1, 3]);
    await world.unmergeAll();
    expect(await both(id)).toEqual([2, 3]);
    const { rows } = await world.database.tx(world.workspaceId, (tx) =>
      tx.query<{ id: string }>('SELECT id FROM profile WHERE workspace_id = $1 AND person = 3', [
        tx.workspaceId,
      ]),
    );
    await world.get(ProfileService).delete(world.workspaceId, 'spec', rows[0]!.id);
    expect(await both(id)).toEqual([2]);
    await seen({ userId: 'bob' });
    expect(await both(id)).toEqual([2]);
    expect(await world.members(user2)).toEqual([2]);
  });

  it('takes long lists a batch at a time', async () => {
    const people = Array.from({ length: 2500 }, (_, index) => `p${index}`);
    for (let start = 0; start < people.length; start += 500)
      await seen(...people.slice(start, start + 500).map((userId) => ({ userId })));
    const id = await imported();
    await world.upload(id, 'replace', ...people.map(user));
    expect(await both(id)).toHaveLength(2500);
    expect(await world.upload(id, 'replace', ...people.slice(0, 3).map(user))).toMatchObject({
      added: 0,
      removed: 2497,
    });
    expect(await both(id)).toEqual([1, 2, 3]);
  }, 60_000);

  it('refuses an audience without a list, and a second import beside one that runs, until its lease ends', async () => {
    const plain = await world.newAudience({ trait: { path: 'a', op: 'exists' } });
    await expect(world.upload(plain, 'add')).rejects.toMatchObject({ code: 'not-imported' });
    await expect(world.upload(world.workspaceId, 'add')).rejects.toMatchObject({ status: 404 });
    await seen({ userId: 'ann' });
    const id = await imported();
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    async function* slow(): AsyncGenerator<Row> {
      await gate;
      yield { line: 1, values: user('ann') };
    }
    const first = world.get(ImportService).import(world.workspaceId, id, 'add', slow, 'spec');
    while (!(await running())) await new Promise((resolve) => setTimeout(resolve, 5));
    await expect(world.upload(id, 'add')).rejects.toMatchObject({ code: 'import-running' });
    world.clock.advance(60_001);
    expect(await world.upload(id, 'add')).toMatchObject({ rows: 0 });
    go();
    await expect(first).rejects.toMatchObject({ code: 'import-running' });
    expect(await both(id)).toEqual([]);
  });

  const running = async (): Promise<boolean> => {
    const { rowCount } = await world.database.tx(world.workspaceId, (tx) =>
      tx.query('SELECT FROM audience_import WHERE workspace_id = $1', [tx.workspaceId]),
    );
    return rowCount === 1;
  };
});
