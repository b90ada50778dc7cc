import type {
  DeadLetterDetail,
  DeadLetterGroup,
  DeadLetterView,
  PreviewsView,
  PreviewView,
} from './dead-letter.dto';
import type { ExchangeView } from './exchange.dto';
import type { ReplayView } from './replay/replay.dto';
import { useSyncWorld } from './testing/sync-fixture';
import type { SyncWorld } from './testing/sync-world';
import type { SyncUnderTest, SyncWorkspace } from './testing/sync-workspace';

const MEMBERS = [1, 2, 3, 4, 5];
const TOO_LONG = 'x'.repeat(60);
const FIXED = '{"email": profile.traits.email, "lastName": $substring(profile.traits.lastName, 0, 10)}';

describe('dead letters', () => {
  let world: SyncWorld;
  let workspace: SyncWorkspace;
  let sync: SyncUnderTest;

  useSyncWorld((started) => (world = started));

  /** The last names of 2 and 3 are refused by Campaign, 4 has no address. */
  beforeEach(async () => {
    workspace = await world.workspace(MEMBERS.length);
    sync = await workspace.sync();
    await workspace.setTrait(2, 'lastName', TOO_LONG);
    await workspace.setTrait(3, 'lastName', TOO_LONG);
    await workspace.setTrait(4, 'email', null);
    await workspace.change(MEMBERS);
    await world.runToEnd(workspace, sync);
  });

  const list = async (query = ''): Promise<DeadLetterView[]> =>
    (await workspace.call('GET', `/v1/dead-letters?syncId=${sync.id}${query}`)).body.data as DeadLetterView[];
  const post = async <T>(what: string, body: object): Promise<T> => {
    const answer = await workspace.call('POST', `/v1/dead-letters/${what}`, body);
    expect(answer.status).toBeLessThan(300);
    return answer.body as T;
  };
  /** Begun and gone through, but for what is due later. */
  const replay = async (body: object): Promise<ReplayView> => {
    const { id } = await post<ReplayView>('replay', body);
    await world.replay(workspace);
    return (await workspace.call('GET', `/v1/replays/${id}`)).body as unknown as ReplayView;
  };
  const fixMapping = async (): Promise<void> => {
    const body = { expression: FIXED, required: ['email'] };
    const { status } = await workspace.call('PUT', `/v1/mappings/${sync.mappingId}`, body, {
      'if-match': '"1"',
    });
    expect(status).toBe(200);
  };
  const written = async (person: number): Promise<number> =>
    (await world.twin.journal()).filter(({ key }) => key.email === workspace.email(person)).length;

  it('are grouped by reason and field, and listed by either', async () => {
    const { body } = await workspace.call('GET', `/v1/dead-letters/groups?syncId=${sync.id}`);
    const groups = body.data as DeadLetterGroup[];
    expect(groups).toEqual([
      expect.objectContaining({
        state: 'rejected',
        pointer: '/lastName',
        count: 2,
        syncName: expect.any(String),
      }),
      expect.objectContaining({
        state: 'dropped',
        reasonCode: 'missing-required',
        pointer: '/email',
        count: 1,
      }),
    ]);
    expect(await list()).toHaveLength(3);
    expect(await list('&state=dropped')).toHaveLength(1);
    const rejected = await list(`&reasonCode=${groups[0]!.reasonCode}&pointer=/lastName`);
    expect(rejected.map(({ id }) => id)).toContain(groups[0]!.sampleId);
    const first = await workspace.call('GET', `/v1/dead-letters?limit=2`);
    const rest = await workspace.call('GET', `/v1/dead-letters?limit=2&cursor=${String(first.body.next)}`);
    expect([...(first.body.data as object[]), ...(rest.body.data as object[])]).toHaveLength(3);
    const other = await world.workspace(1);
    expect((await other.call('GET', '/v1/dead-letters')).body.data).toEqual([]);
    expect((await other.call('GET', `/v1/dead-letters/${groups[0]!.sampleId}`)).status).toBe(404);
  });

  it('show what was sent and what came back, of a person only to who may read profiles', async () => {
    const [letter] = await list('&state=rejected');
    const { body } = await workspace.call('GET', `/v1/dead-letters/${letter!.id}`);
    const detail = body as unknown as DeadLetterDetail;
    expect(detail).toMatchObject({
      state: 'rejected',
      mappingVersion: 1,
      request: { payload: { lastName: TOO_LONG }, hidden: [] },
      response: { reasonCode: letter!.reasonCode, pointer: '/lastName' },
      attempts: [{ attempt: 1, outcome: 'rejected' }],
      discarded: null,
    });
    const made = await workspace.call('POST', '/v1/api-keys', { name: 'Reader', scopes: ['syncs:read'] });
    const read = workspace.callAs(String(made.body.key));
    const hidden = await read('GET', `/v1/dead-letters/${letter!.id}`);
    expect(hidden.body.request).toMatchObject({
      payload: { email: '•••', lastName: '•••' },
      hidden: ['/email', '/lastName'],
    });
    const shown = JSON.stringify([hidden.body, (await read('GET', '/v1/dead-letters')).body]);
    expect(shown).not.toContain(TOO_LONG);
    expect(shown).not.toContain('.example');
    expect((await read('POST', `/v1/dead-letters/${letter!.id}/preview`, {})).status).toBe(403);
  });

  it('show what went over the wire for them: without secrets, and of a person only to who may read profiles', async () => {
    const [letter] = await list('&state=rejected');
    const wireOf = async (call = workspace.callAs(workspace.adminKey)): Promise<ExchangeView> =>
      (await call('GET', `/v1/dead-letters/${letter!.id}`)).body.exchange as ExchangeView;
    const wire = await wireOf();
    // Refused together with others first, and last alone, which is what is shown.
    expect(wire).toMatchObject({
      kind: 'http',
      items: 1,
      item: 1,
      request: {
        method: 'POST',
        url: expect.stringMatching(/soaprouter\.jsp$/),
        headers: { 'content-type': expect.stringContaining('xml') },
        body: { text: expect.stringContaining(TOO_LONG) },
      },
      response: { status: expect.any(Number), body: { text: expect.stringContaining('Fault') } },
      error: null,
    });
    expect(Object.keys(wire.request!.headers)).not.toContain('cookie');
    const { body: dropped } = await workspace.call(
      'GET',
      `/v1/dead-letters/${(await list('&state=dropped'))[0]!.id}`,
    );
    expect(dropped.exchange).toBeNull();

    const made = await workspace.call('POST', '/v1/api-keys', { name: 'Reader', scopes: ['syncs:read'] });
    const hidden = await wireOf(workspace.callAs(String(made.body.key)));
    expect(hidden).toMatchObject({
      request: { method: 'POST', body: { text: '•••', bytes: wire.request!.body!.bytes } },
      response: { status: wire.response!.status, body: { text: '•••' } },
    });
    expect(JSON.stringify(hidden)).not.toContain(TOO_LONG);
    expect(JSON.stringify(hidden)).not.toContain('@');
  });

  it('keep what went over the wire no longer than they are dead letters, or the person is there', async () => {
    const kept = async (): Promise<number[]> => {
      const rows = await world.database.statement<{ person: number }>(
        workspace.id,
        `SELECT e.person FROM exchange x JOIN effect_exchange l ON l.workspace_id = x.workspace_id AND l.exchange_id = x.id
         JOIN effect e ON e.workspace_id = l.workspace_id AND e.id = l.effect_id WHERE x.workspace_id = $1 ORDER BY 1`,
        [workspace.id],
      );
      return rows.map(({ person }) => person);
    };
    const letters = await list('&state=rejected');
    expect(await kept()).toEqual([2, 3]);
    await post('discard', { ids: [letters[0]!.id], note: 'Never.' });
    expect(await kept()).toHaveLength(1);
    await fixMapping();
    await replay({ syncId: sync.id });
    expect(await kept()).toEqual([]);
    const { count } = (
      await world.database.statement<{ count: number }>(
        workspace.id,
        'SELECT count(*)::int AS count FROM exchange WHERE workspace_id = $1',
        [workspace.id],
      )
    )[0]!;
    expect(count).toBe(0);
  });

  it('are tried with another mapping before it is saved', async () => {
    const [letter] = await list('&state=rejected');
    const preview = (body: object) => post<PreviewView>(`${letter!.id}/preview`, body);
    expect(await preview({})).toMatchObject({
      payload: { lastName: TOO_LONG },
      reasonCode: null,
      changed: [],
    });
    expect(await preview({ expression: FIXED })).toMatchObject({
      operation: 'upsert',
      payload: { lastName: 'x'.repeat(10) },
      changed: ['/lastName'],
    });
    expect(await preview({ required: ['city'] })).toMatchObject({
      payload: null,
      reasonCode: 'missing-required',
      pointer: '/city',
    });
    const wrong = await workspace.call('POST', `/v1/dead-letters/${letter!.id}/preview`, { expression: '{' });
    expect([wrong.status, wrong.body.errors]).toEqual([
      422,
      [expect.objectContaining({ pointer: '/expression', position: expect.any(Number) })],
    ]);
    expect(await list()).toHaveLength(3);
  });

  it('are tried all at once before they are replayed', async () => {
    const chosen = { syncId: sync.id };
    const preview = (body: object) => post<PreviewsView>('preview', { ...chosen, ...body });
    const { samples, ...view } = await preview({ expression: FIXED });
    expect(view).toEqual({
      chosen: 3,
      looked: 3,
      replayed: 2,
      skipped: 0,
      dropped: [{ reasonCode: 'missing-required', pointer: '/email', count: 1 }],
    });
    expect(samples).toHaveLength(3);
    expect(samples.filter(({ changed }) => changed.includes('/lastName'))).toHaveLength(2);
    expect(await preview({ required: ['city'], state: 'rejected' })).toMatchObject({
      chosen: 2,
      replayed: 0,
      dropped: [{ reasonCode: 'missing-required', pointer: '/city', count: 2 }],
    });
    const anywhere = { connectorId: workspace.connectorId, expression: FIXED };
    const refused = await workspace.call('POST', '/v1/dead-letters/preview', anywhere);
    expect([refused.status, refused.body.errors]).toEqual([
      422,
      [expect.objectContaining({ pointer: '/syncId', code: 'one-sync' })],
    ]);
    expect(await list()).toHaveLength(3);
  });

  it('are replayed by the mended mapping, as fast as asked', async () => {
    await fixMapping();
    const start = world.clock.now().getTime();
    const view = await replay({ syncId: sync.id, state: 'rejected', rowsPerSecond: 0.1 });
    expect(view).toMatchObject({ state: 'running', expected: 2, looked: 1, replayed: 1, progress: 0.5 });
    expect(new Date(view.lastDueAt!).getTime()).toBe(start);
    expect(new Date(view.estimatedEndAt!).getTime()).toBe(start + 10_000);
    await world.deliver(workspace.id, workspace.connectorId);
    expect((await written(2)) + (await written(3))).toBe(1);
    world.clock.advance(10_000);
    await world.replay(workspace);
    await world.deliver(workspace.id, workspace.connectorId);
    expect([await written(2), await written(3)]).toEqual([1, 1]);
    expect(await list()).toMatchObject([{ state: 'dropped' }]);
    expect(await workspace.reconciliation(sync)).toMatchObject({ accepted: 4, dropped: 1, balanced: true });
    const { rows } = await world.database.tx(workspace.id, (tx) =>
      tx.query(`SELECT DISTINCT mapping_version FROM effect WHERE workspace_id = $1 AND person IN (2, 3)`, [
        workspace.id,
      ]),
    );
    expect(rows).toEqual([{ mapping_version: 2 }]);
  });

  it('stay, with the new reason, when the mapping drops them, and are left alone when the member has gone', async () => {
    await workspace.change([], [2]);
    expect(await replay({ syncId: sync.id })).toMatchObject({
      state: 'done',
      looked: 3,
      replayed: 1,
      dropped: 1,
      skipped: 1,
      counts: { planned: 2, pending: 1, dropped: 1 },
    });
    await world.deliver(workspace.id, workspace.connectorId);
    expect(await written(2)).toBe(0);
  });

  it('are put aside with a note, and sent again when they are named', async () => {
    const [letter] = await list('&state=dropped');
    const note = 'Has no address.';
    const put = { syncId: sync.id, reasonCode: 'missing-required', note };
    expect(await post('discard', put)).toEqual({ discarded: 1 });
    expect(await list('&state=dropped')).toEqual([]);
    expect(await list('&discarded=true')).toMatchObject([{ id: letter!.id }]);
    const { body } = await workspace.call('GET', `/v1/dead-letters/${letter!.id}`);
    expect(body.discarded).toMatchObject({ note, actor: expect.stringMatching(/^key:/) });
    const { rows } = await world.database.tx(workspace.id, (tx) =>
      tx.query(
        `SELECT target, detail FROM audit WHERE workspace_id = $1 AND action = 'dead-letters.discard'`,
        [workspace.id],
      ),
    );
    expect(rows).toEqual([{ target: sync.id, detail: { discarded: 1, note } }]);
    await workspace.setTrait(4, 'email', workspace.email(4));
    expect(await replay({ syncId: sync.id, state: 'dropped' })).toMatchObject({ replayed: 0 });
    expect(await replay({ ids: [letter!.id] })).toMatchObject({ replayed: 1 });
    await world.deliver(workspace.id, workspace.connectorId);
    expect(await written(4)).toBe(1);
    expect(await list('&discarded=true')).toEqual([]);
  });

  it('are none any more once a later run told the person anew', async () => {
    await workspace.setTrait(2, 'lastName', 'Short');
    await workspace.setTrait(4, 'email', workspace.email(4));
    await world.runToEnd(workspace, sync);
    expect(await list()).toMatchObject([{ state: 'rejected' }]);
    expect(await workspace.reconciliation(sync)).toMatchObject({ accepted: 4, rejected: 1, balanced: true });
  });

  it('ask for a sync, and a note', async () => {
    const wrong = await workspace.call('POST', '/v1/dead-letters/discard', { note: '' });
    expect([
      wrong.status,
      (wrong.body.errors as { pointer: string }[]).map(({ pointer }) => pointer),
    ]).toEqual([422, expect.arrayContaining(['/syncId', '/note'])]);
  });
});
