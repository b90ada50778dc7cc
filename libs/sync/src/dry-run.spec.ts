import type { DryRunPage, DryRunRow } from './dry-run.dto';
import { useSyncWorld } from './testing/sync-fixture';
import type { SyncWorld } from './testing/sync-world';
import type { SyncUnderTest, SyncWorkspace } from './testing/sync-workspace';

describe('what a run would do', () => {
  let world: SyncWorld;
  let workspace: SyncWorkspace;
  let sync: SyncUnderTest;

  useSyncWorld((started) => (world = started));

  /** 1 is as it was told, 2 changed, 3 left, 4 came, 5 came and has no address. */
  beforeEach(async () => {
    workspace = await world.workspace(5);
    sync = await workspace.sync();
    await workspace.change([1, 2, 3]);
    await world.runToEnd(workspace, sync);
    await workspace.setTrait(2, 'lastName', 'Changed');
    await workspace.setTrait(5, 'email', null);
    await workspace.change([4, 5], [3]);
  });

  async function pages(limit: number, call = workspace.callAs(workspace.adminKey)): Promise<DryRunPage[]> {
    const all: DryRunPage[] = [];
    for (let cursor = ''; ;) {
      const { status, body } = await call('GET', `/v1/syncs/${sync.id}/dry-run?limit=${limit}${cursor}`);
      expect(status).toBe(200);
      const page = body as unknown as DryRunPage;
      all.push(page);
      if (page.next === null) return all;
      cursor = `&cursor=${page.next}`;
    }
  }
  const rowsOf = (all: DryRunPage[]): DryRunRow[] => all.flatMap(({ data }) => data);
  const countsOf = (all: DryRunPage[]): Record<string, number> => {
    const sum: Record<string, number> = {};
    for (const { counts } of all) {
      for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
    }
    return sum;
  };
  const brief = (rows: DryRunRow[]): string[] =>
    rows
      .map(({ action, payload, pointer }) => {
        const { email } = (payload ?? {}) as { email?: string };
        return `${action} ${email?.split('@')[0] ?? pointer}`;
      })
      .sort();

  it('is what it then does', async () => {
    const all = await pages(100);
    expect(brief(rowsOf(all))).toEqual(['add p4', 'drop /email', 'remove p3', 'update p2']);
    expect(countsOf(all)).toEqual({ add: 1, update: 1, remove: 1, drop: 1, unchanged: 1 });
    const told = (await world.twin.journal()).length;
    const run = await world.runToEnd(workspace, sync);
    expect((await workspace.run(run)).counts).toMatchObject({ planned: 4, accepted: 3, dropped: 1 });
    expect((await world.twin.journal()).length).toBe(told + 3);
    expect(rowsOf(await pages(100))).toEqual([]);
  });

  it('is told in pages of any size, and leaves nothing behind', async () => {
    const before = await workspace.effectsPerPerson();
    const calls = (await world.twin.journal()).length;
    const whole = rowsOf(await pages(100));
    for (const limit of [1, 2, 3]) expect(rowsOf(await pages(limit))).toEqual(whole);
    expect(await workspace.effectsPerPerson()).toEqual(before);
    expect((await world.twin.journal()).length).toBe(calls);
    const { body } = await workspace.call('GET', `/v1/syncs/${sync.id}/runs`);
    expect(body.data).toHaveLength(1);
    expect((await workspace.call('GET', `/v1/syncs/${sync.id}`)).body.version).toBe(1);
  });

  it('shows a key without profiles:read what is done, and of persons nothing', async () => {
    const made = await workspace.call('POST', '/v1/api-keys', { name: 'Reader', scopes: ['syncs:read'] });
    const call = workspace.callAs(String(made.body.key));
    const rows = rowsOf(await pages(100, call));
    expect(rows.map(({ action }) => action).sort()).toEqual(['add', 'drop', 'remove', 'update']);
    expect(rows.find(({ action }) => action === 'add')).toMatchObject({
      payload: { email: '•••', lastName: '•••' },
      hidden: ['/email', '/lastName'],
    });
    expect(JSON.stringify(rows)).not.toMatch(/example|Nr \d|Changed/);
  });

  it('hides from everybody what usage policies bar, and says why no run would begin', async () => {
    await workspace.call(
      'PUT',
      '/v1/field-labels/traits.lastName',
      { labels: ['contract:no-third-party'] },
      { 'if-match': '' },
    );
    const all = await pages(100);
    expect(all[0]!.usageViolations).toMatchObject([{ field: 'traits.lastName', policy: 'no-third-party' }]);
    const rows = rowsOf(all);
    expect(rows.find(({ action }) => action === 'add')).toMatchObject({
      payload: { email: workspace.email(4), lastName: '•••' },
      hidden: ['/lastName'],
    });
    expect(JSON.stringify(rows)).not.toMatch(/Nr \d|Changed/);
  });

  it('is nobody else’s, and of a first run every member', async () => {
    const other = await world.workspace(1);
    expect((await other.call('GET', `/v1/syncs/${sync.id}/dry-run`)).status).toBe(404);
    sync = await workspace.sync();
    expect(brief(rowsOf(await pages(2)))).toEqual(['add p1', 'add p2', 'add p4', 'drop /email']);
  });
});
