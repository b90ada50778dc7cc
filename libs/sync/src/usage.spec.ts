import { MappingRunner } from '@percorso/mapping';
import type { UsageViolationView } from '@percorso/profile';
import { endSettledRuns } from './run.store';
import type { SyncUnderTest, SyncWorkspace } from './testing/sync-workspace';
import { useSyncWorld } from './testing/sync-fixture';
import type { SyncWorld } from './testing/sync-world';
import { UsageGuard } from './usage-guard';

/** Three pages of planning. */
const MEMBERS = 1200;
const EMAIL = 'profile.traits.email';

describe('usage policies on syncs', () => {
  let world: SyncWorld;
  let workspace: SyncWorkspace;

  useSyncWorld((started) => (world = started));
  afterEach(() => jest.restoreAllMocks());

  const start = async (persons = 3): Promise<void> => {
    workspace = await world.workspace(persons);
  };
  const label = async (field: string, labels: string[]): Promise<number> => {
    const { status, body } = await workspace.call(
      'PUT',
      `/v1/field-labels/${field}`,
      { labels },
      { 'if-match': '' },
    );
    expect([status, body]).toEqual([200, { field, labels, version: 1 }]);
    return 1;
  };
  const unlabel = (field: string) =>
    workspace.call('DELETE', `/v1/field-labels/${field}`, undefined, { 'if-match': '"1"' });
  const recheck = (): Promise<number> => world.app.get(UsageGuard).recheck(workspace.id);
  const deliver = (): Promise<void> => world.deliver(workspace.id, workspace.connectorId);
  const violationsOf = async (sync: SyncUnderTest): Promise<UsageViolationView[]> =>
    (await workspace.call('GET', `/v1/syncs/${sync.id}`)).body.usageViolations as UsageViolationView[];
  const useConnectorFor = async (usage: string[] | null): Promise<void> => {
    const { status } = await workspace.call(
      'PATCH',
      `/v1/connectors/${workspace.connectorId}`,
      { usage },
      { 'if-match': '*' },
    );
    expect(status).toBe(200);
  };
  const mapping = async (expression: string): Promise<string> =>
    (await workspace.call('POST', '/v1/mappings', { name: 'M', expression })).body.id;
  const createSync = (mappingId: string, more: object = {}) =>
    workspace.call('POST', '/v1/syncs', {
      name: 'S',
      audienceId: workspace.audienceId,
      connectorId: workspace.connectorId,
      mappingId,
      ...more,
    });
  const replaceMapping = ({ mappingId }: SyncUnderTest, expression: string) =>
    workspace.call('PUT', `/v1/mappings/${mappingId}`, { expression }, { 'if-match': '*' });
  const written = async (): Promise<string[]> =>
    (await world.twin.journal())
      .map(({ key }) => String(key.email))
      .filter((mail) => mail.includes(workspace.id));

  it('refuse a sync whose mapping reads what may not go there, and say which, why and where', async () => {
    await start();
    await label('traits.lastName', ['contract:no-third-party']);
    const expression = '{"email": profile.traits.email, "name": profile.traits.lastName}';
    const { status, body } = await createSync(await mapping(expression));
    expect([status, body.code]).toEqual([422, 'usage-policy']);
    expect(body.errors).toEqual([
      {
        pointer: '/mapping',
        code: 'usage-policy',
        message:
          `traits.lastName (contract:no-third-party) at character ${expression.indexOf('lastName') + 8} is barred from ` +
          'third-party by the policy no-third-party.',
      },
    ]);
    expect((await createSync(await mapping(`{"email": ${EMAIL}}`))).status).toBe(201);
    // Whatever cannot be followed may read it.
    for (const unclear of [
      'profile',
      '$merge([profile.traits])',
      '{"a": profile.traits.*}',
      '$lookup(profile.traits, $string(now))',
    ])
      expect((await createSync(await mapping(unclear))).body.code).toBe('usage-policy');
    const exit = await mapping('{"name": profile.traits.lastName}');
    const refused = await createSync(await mapping(`{"email": ${EMAIL}}`), { exitMappingId: exit });
    expect(refused.body.errors).toMatchObject([{ pointer: '/exitMapping' }]);
  });

  it('let through what the connector is not for, and bar it once it is', async () => {
    await start();
    await label('traits.lastName', ['contract:no-third-party']);
    await useConnectorFor(['email-targeting']);
    const sync = await workspace.sync();
    expect(await violationsOf(sync)).toEqual([]);
    await useConnectorFor(null);
    expect(await recheck()).toBe(1);
    expect(await violationsOf(sync)).toMatchObject([
      { field: 'traits.lastName', policy: 'no-third-party', pointer: '/mapping' },
    ]);
    const { status, body } = await workspace.call('POST', `/v1/syncs/${sync.id}/run`);
    expect([status, body.code]).toEqual([409, 'usage-policy']);
    await useConnectorFor(['email-targeting']);
    await recheck();
    expect(await violationsOf(sync)).toEqual([]);
    await workspace.startRun(sync);
  });

  it('refuse an edit of a mapping that a sync uses, with the place in the expression', async () => {
    await start();
    const sync = await workspace.sync();
    await label('traits.vip', ['contract:no-email-targeting']);
    const { status, body } = await replaceMapping(
      sync,
      '{"email": profile.traits.email, "vip": profile.traits.vip}',
    );
    expect([status, body.code]).toEqual([422, 'usage-policy']);
    expect(body.errors).toMatchObject([{ pointer: '/expression' }]);
    expect(body.detail).toContain(sync.id);
    expect((await replaceMapping(sync, '{"email": profile.traits.email}')).status).toBe(200);
  });

  it('bar what is below a labelled field and what holds one, labels of your own among them', async () => {
    await start();
    await workspace.call('PUT', '/v1/labels/house:secret', { description: 'Ours alone.' });
    const policy = { actions: ['third-party'], labels: ['house:secret'] };
    expect((await workspace.call('PUT', '/v1/usage-policies/ours', policy)).status).toBe(200);
    await label('traits.a.b', ['house:secret']);
    const answers = new Map<string, number>();
    for (const read of ['a', 'a.b', 'a.b.c', 'a.c', 'ab']) {
      answers.set(read, (await createSync(await mapping(`{"x": profile.traits.${read}}`))).status);
    }
    expect([...answers]).toEqual([
      ['a', 422],
      ['a.b', 422],
      ['a.b.c', 422],
      ['a.c', 201],
      ['ab', 201],
    ]);
    expect(
      (await workspace.call('DELETE', '/v1/labels/house:secret', undefined, { 'if-match': '*' })).body.code,
    ).toBe('in-use');
    const off = { ...policy, enabled: false };
    expect((await workspace.call('PUT', '/v1/usage-policies/ours', off, { 'if-match': '"1"' })).status).toBe(
      200,
    );
    expect((await createSync(await mapping('{"x": profile.traits.a.b}'))).status).toBe(201);
  });

  it('bar labels that may not come together', async () => {
    await start();
    await label('traits.email', ['directly-identifying']);
    await label('traits.score', ['contract:not-with-identity']);
    const both = await createSync(await mapping('{"m": profile.traits.email, "s": profile.traits.score}'));
    expect(both.body.code).toBe('usage-policy');
    expect((await createSync(await mapping('{"m": profile.traits.email}'))).status).toBe(201);
    expect((await createSync(await mapping('{"s": profile.traits.score}'))).status).toBe(201);
  });

  it('look at what the audience is chosen by', async () => {
    await start();
    const sync = await workspace.sync();
    const ill = {
      version: 1,
      where: { event: { name: 'Visit', where: [{ path: 'diagnosis', op: 'exists', value: true }] } },
    };
    await label('events.*.diagnosis', ['sensitive:health']);
    expect(await recheck()).toBe(1);
    expect(await violationsOf(sync)).toEqual([]);
    const { status } = await workspace.call(
      'PATCH',
      `/v1/audiences/${workspace.audienceId}`,
      { definition: ill },
      { 'if-match': '*' },
    );
    expect(status).toBe(200);
    await recheck();
    expect(await violationsOf(sync)).toMatchObject([
      { field: 'events.*.diagnosis', pointer: '/audience', policy: 'sensitive-not-targeted' },
    ]);
    const off = await workspace.call(
      'PUT',
      '/v1/usage-policies/sensitive-not-targeted',
      { enabled: false },
      { 'if-match': '"0"' },
    );
    expect(off.body).toMatchObject({ enabled: false, standard: true, version: 1 });
    await recheck();
    expect(await violationsOf(sync)).toEqual([]);
  });

  it('stop what was not sent when a field is labelled, tell it, and let it go on after', async () => {
    await start();
    const sync = await workspace.sync();
    await workspace.change([1, 2, 3]);
    const run = await workspace.startRun(sync);
    await workspace.plan(run);
    await label('traits.email', ['contract:no-email-targeting']);
    // Nobody has looked yet: nothing goes all the same.
    await deliver();
    expect(await written()).toEqual([]);
    expect((await workspace.run(run)).counts).toMatchObject({ pending: 3, accepted: 0 });

    expect(await recheck()).toBe(1);
    expect(await recheck()).toBe(0);
    await deliver();
    expect(await written()).toEqual([]);
    const failed = await workspace.run(run);
    expect(failed).toMatchObject({ state: 'failed', counts: { dropped: 3, pending: 0 } });
    expect(failed.error).toMatch(
      /traits\.email \(contract:no-email-targeting\).*email-targeting by the policy no-email-targeting/,
    );
    expect((await workspace.deadLetters(run))[0]).toMatchObject({
      state: 'dropped',
      reasonCode: 'usage-policy',
    });
    expect(await workspace.reconciliation(sync)).toMatchObject({ dropped: 3, balanced: true });
    expect((await workspace.call('POST', `/v1/runs/${run}/retry`)).body.code).toBe('usage-policy');
    expect((await workspace.call('POST', `/v1/syncs/${sync.id}/run`)).body.code).toBe('usage-policy');

    expect((await unlabel('traits.email')).status).toBe(204);
    await recheck();
    expect((await workspace.call('POST', `/v1/runs/${run}/retry`)).status).toBe(202);
    await deliver();
    expect(new Set(await written()).size).toBe(3);
  });

  it('let removals of what is there go on: they tell nothing new', async () => {
    await start();
    const sync = await workspace.sync();
    await workspace.change([1, 2]);
    await workspace.plan(await workspace.startRun(sync));
    await deliver();
    expect(await world.database.tx(workspace.id, (tx) => endSettledRuns(tx, world.clock.now()))).toBe(1);
    await workspace.change([3], [1]);
    const run = await workspace.startRun(sync);
    await workspace.plan(run);
    await label('traits.email', ['contract:no-third-party']);
    await recheck();
    await deliver();
    expect((await workspace.run(run)).counts).toMatchObject({ accepted: 1, dropped: 1, pending: 0 });
    const rows = await world.twin.rows();
    const recipient = (person: number) => rows.find(({ email }) => email === workspace.email(person));
    expect(recipient(1)).toMatchObject({ blackListEmail: true });
    expect(recipient(2)).not.toHaveProperty('blackListEmail');
    expect(recipient(3)).toBeUndefined();
  });

  it('hold an open run to the expression it began with, not to a newer one', async () => {
    await start();
    const sync = await workspace.sync();
    await workspace.change([1, 2, 3]);
    const run = await workspace.startRun(sync);
    await workspace.plan(run);
    expect((await replaceMapping(sync, '{"email": profile.traits.mail2}')).status).toBe(200);
    await label('traits.lastName', ['contract:no-third-party']);
    await recheck();
    expect(await violationsOf(sync)).toEqual([]);
    await deliver();
    expect(await written()).toEqual([]);
    expect(await workspace.run(run)).toMatchObject({ state: 'failed', counts: { dropped: 3 } });
  });

  it('end a run that is barred before it maps anything, and one that becomes so between its pages', async () => {
    await start(MEMBERS);
    const sync = await workspace.sync();
    await workspace.change(Array.from({ length: MEMBERS }, (_, at) => at + 1));
    const run = await workspace.startRun(sync);
    const runner = world.app.get(MappingRunner);
    const original = runner.run.bind(runner);
    const spy = jest.spyOn(runner, 'run');
    spy.mockImplementationOnce(original).mockImplementationOnce(async (...given) => {
      await label('traits.lastName', ['contract:no-third-party']);
      return original(...given);
    });
    await workspace.plan(run);
    const stopped = await workspace.run(run);
    expect(stopped).toMatchObject({ state: 'failed', counts: { pending: 0, accepted: 0 } });
    expect(stopped.counts.planned).toBeLessThan(MEMBERS);
    await deliver();
    expect(await written()).toEqual([]);

    await unlabel('traits.lastName');
    await recheck();
    const next = await workspace.startRun(sync);
    await label('traits.lastName', ['contract:no-third-party']);
    spy.mockClear();
    await workspace.plan(next);
    expect(spy).not.toHaveBeenCalled();
    expect(await workspace.run(next)).toMatchObject({ state: 'failed', counts: { planned: 0 } });
  });

  it('are kept without being asked, by the worker', async () => {
    await start();
    const sync = await workspace.sync();
    const workers = await world.startWorkers();
    try {
      await label('traits.email', ['sensitive:health']);
      while ((await violationsOf(sync)).length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      await workers.close();
    }
  });
});
