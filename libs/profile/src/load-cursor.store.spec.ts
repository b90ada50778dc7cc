import { newId } from '@percorso/kernel';
import type { Transaction } from '@percorso/storage';
import { confirmEvents, confirmLoad, freezeBatch, LoadOvertaken } from './load-cursor.store';
import { type PartitionLoad, readLoadSnapshot } from './load-snapshot';
import type { ProfileFixture } from './profile-fixture';
import { useProfileFixture } from './use-profile-fixture';

const TABLES = ['profile', 'identity_node', 'group_account', 'audience_list', 'lookup_item'];

describe('the loader’s cursor', () => {
  let fixture: ProfileFixture;

  useProfileFixture((started) => (fixture = started));

  it('lets nobody begin a batch that another process has loaded or begun meanwhile, or end its', async () => {
    const workspaceId = await fixture.workspace();
    const tx = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> =>
      fixture.database.tx(workspaceId, work);
    const head = (): Promise<number> => fixture.head(workspaceId).then(({ loaded }) => loaded!);
    const said = { type: 'track', userId: 'ann', event: 'Seen' };
    await fixture.say(workspaceId, { ...said, messageId: 'm1' });
    const partitions = async (): Promise<PartitionLoad[]> =>
      (await fixture.database.snapshot(workspaceId, readLoadSnapshot)).partitions;
    const [slept] = (await partitions()) as [PartitionLoad];
    const first = await tx((t) => freezeBatch(t, slept));
    await expect(tx((t) => freezeBatch(t, slept))).rejects.toThrow(LoadOvertaken);
    expect(await partitions()).toMatchObject([{ token: first.token, to: 1 }]);
    await tx((t) => confirmEvents(t, [first]));
    await expect(tx((t) => freezeBatch(t, slept))).rejects.toThrow(LoadOvertaken);
    expect(await head()).toBe(1);
    await fixture.say(workspaceId, { ...said, messageId: 'm2' });
    const second = await tx(async (t) => freezeBatch(t, (await partitions())[0]!));
    await tx((t) => confirmEvents(t, [first]));
    expect(await partitions()).toMatchObject([{ token: second.token, from: 1, to: 2 }]);
    expect(await head()).toBe(1);
  });

  it('waits for nobody who changes a profile, and leaves that one for the next turn', async () => {
    const workspaceId = await fixture.workspace();
    const tx = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> =>
      fixture.database.tx(workspaceId, work);
    for (const userId of ['ann', 'bob'])
      await fixture.say(workspaceId, { type: 'identify', userId, messageId: userId, traits: { n: 1 } });
    const snapshot = await fixture.database.snapshot(workspaceId, readLoadSnapshot);
    const [first, second] = snapshot.profiles.map(({ person }) => person);
    const dirty = async (): Promise<number[]> => {
      const { rows } = await tx((t) =>
        t.query<{ person: number }>(
          'SELECT person FROM profile WHERE workspace_id = $1 AND dirty ORDER BY person',
          [workspaceId],
        ),
      );
      return rows.map(({ person }) => person);
    };
    expect(await dirty()).toEqual([first, second]);
    await tx(async (applier) => {
      await applier.query('UPDATE profile SET updated_at = now() WHERE workspace_id = $1 AND person = $2', [
        workspaceId,
        first,
      ]);
      // Would it wait, it would wait for ever.
      await tx((t) => confirmLoad(t, snapshot, fixture.clock.now()));
      expect(await dirty()).toEqual([first]);
    });
    expect(await fixture.head(workspaceId)).toMatchObject({ loaded: 2 });
  });

  it('clears of every kind what ClickHouse has, and not what changed again meanwhile', async () => {
    const workspaceId = await fixture.workspace();
    const now = fixture.clock.now();
    const audience = newId();
    const left = await fixture.database.tx(workspaceId, async (tx) => {
      await tx.query(
        `INSERT INTO audience (workspace_id, id, name, created_at, updated_at) VALUES ($1, $2, '', $3, $3)`,
        [workspaceId, audience, now],
      );
      for (const n of [1, 2]) {
        const insert = (into: string, values: string, more: unknown[] = []): Promise<unknown> =>
          tx.query(`INSERT INTO ${into} VALUES ($1, ${values})`, [workspaceId, n, ...more]);
        await insert(
          'profile (workspace_id, person, id, created_at, updated_at)',
          '$2, gen_random_uuid(), $3, $3',
          [now],
        );
        await insert(
          'identity_node (workspace_id, node, namespace, value, home, person, first_seen)',
          `$2::int, 'user_id', $2::int::text, $2::int, $2::int, $3`,
          [now],
        );
        await insert('group_account (workspace_id, id, updated_at)', '$2::int::text, $3', [now]);
        await insert('audience_list (workspace_id, audience_id, node, import_id)', '$3, $2, $3', [audience]);
        await insert(
          'lookup_item (workspace_id, name, key, fields, version)',
          `'product', $2::int::text, '{}', 1`,
        );
      }
      const snapshot = await readLoadSnapshot(tx);
      // The first of each changes again before ClickHouse has confirmed it.
      const first = { identity_node: 'node = 1', audience_list: 'node = 1', profile: 'person = 1' };
      for (const table of TABLES) {
        const which = { ...first, group_account: `id = '1'`, lookup_item: `key = '1'` }[table];
        await tx.query(`UPDATE ${table} SET version = version + 1 WHERE workspace_id = $1 AND ${which}`, [
          workspaceId,
        ]);
      }
      await confirmLoad(tx, snapshot, now);
      const dirty: Record<string, number> = {};
      for (const table of TABLES) {
        const { rows } = await tx.query<{ version: string }>(
          `SELECT version FROM ${table} WHERE workspace_id = $1 AND dirty`,
          [workspaceId],
        );
        dirty[table] = rows.filter(({ version }) => version === '2').length + 10 * rows.length;
      }
      return dirty;
    });
    // One row of each is left, and it is the one of version 2.
    expect(left).toEqual(Object.fromEntries(TABLES.map((table) => [table, 11])));
  });
});
