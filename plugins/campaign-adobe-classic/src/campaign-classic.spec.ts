import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Item, Verdict } from '@percorso/plugin-kit';
import { inThisProcess, startCampaignClassicTwin, type Run } from '@percorso/plugin-testkit';
import { PluginRuntime } from '@percorso/plugin-kit';
import campaignClassic from '.';
import { keyPaths, recordXml } from './record';
import { CampaignClassicSettings } from './settings';
import { escapeXml, parseXml } from './xml';

describe('recordXml', () => {
  it('writes attributes, links and collections', () => {
    const payload = {
      '@email': 'a@b.test',
      blackListEmail: true,
      age: 7,
      phone: null,
      location: { city: "L'<Aquila>" },
    };
    expect(
      recordXml('recipient', { ...payload, group: [{ name: 'A' }, { name: 'B' }] }, { _key: '@email' }),
    ).toEqual({
      xml:
        '<recipient _key="@email" email="a@b.test" blackListEmail="1" age="7" phone="">' +
        '<location city="L&apos;&lt;Aquila&gt;"/><group name="A"/><group name="B"/></recipient>',
    });
  });

  it.each<[object, string, string]>([
    [{ a: '\u0000' }, 'bad-character', '/a'],
    [{ a: { b: '\ud800' } }, 'bad-character', '/a/b'],
    [{ a: '\uffff' }, 'bad-character', '/a'],
    [{ a: Infinity }, 'bad-value', '/a'],
    [{ a: ['x'] }, 'bad-value', '/a/0'],
    [{ 'a b': 1 }, 'bad-field', '/a b'],
    [{ 'x="1" y': 1 }, 'bad-field', '/x="1" y'],
    [{ _operation: 'delete' }, 'bad-field', '/_operation'],
    [{ '@_key': '@id' }, 'bad-field', '/@_key'],
  ])('refuses %j', (payload, code, pointer) => {
    expect(recordXml('recipient', payload as Record<string, unknown>, {})).toMatchObject({
      verdict: { status: 'rejected', code, pointer },
    });
  });

  it('is read back as it was written', () => {
    const text = 'a\t\n\r"\'<>&]]> é 😀';
    expect(parseXml(`<a b="${escapeXml(text)}"/>`)?.attributes['b']).toBe(text);
    expect(keyPaths('@account, [folder/@name]')).toEqual([['account'], ['folder', 'name']]);
  });

  it.each(['<a', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', '', '<a></b>'])(
    'takes %j for no document',
    (text) => expect(parseXml(text)).toBeUndefined(),
  );
});

describe('against the twin', () => {
  let twin: Awaited<ReturnType<typeof startCampaignClassicTwin>>;
  const runs: Run[] = [];
  const ims = { clientId: 'client', clientSecret: 'client-secret', scope: 'campaign' };

  beforeAll(async () => {
    const journal = join(mkdtempSync(join(tmpdir(), 'percorso-acc-')), 'twin.ndjson');
    twin = await startCampaignClassicTwin({ journal, login: 'hub', password: 'secret', ...ims });
  });
  afterEach(async () => {
    runs.splice(0).forEach((run) => run.close());
    await twin.clearFaults();
  });
  afterAll(() => twin.stop());

  const settings = (changes: object = {}): CampaignClassicSettings =>
    Object.assign(new CampaignClassicSettings(), {
      url: twin.url,
      login: 'hub',
      password: 'secret',
      ...changes,
    });
  function run(changes: object = {}): Run {
    const started = inThisProcess(campaignClassic)({ ...settings(changes) });
    runs.push(started);
    return started;
  }
  const item = (payload: Record<string, unknown>): Item => ({ key: String(payload['email']), payload });
  async function deliver(
    on: Run,
    items: Item[],
    operation: 'upsert' | 'remove' = 'upsert',
  ): Promise<Verdict[]> {
    const outcome = await on.deliver(operation, items, 20_000);
    return 'value' in outcome ? outcome.value : [];
  }

  it('finds three bad rows among two hundred', async () => {
    const items = Array.from({ length: 200 }, (_, n) =>
      item({ email: `row${n}@example.test`, firstName: `N${n}` }),
    );
    for (const n of [0, 77, 199]) items[n] = item({ email: `bad${n}@example.test`, gender: 9 });
    const verdicts = await deliver(run(), items);
    expect(verdicts.flatMap(({ status }, n) => (status === 'accepted' ? [] : [n]))).toEqual([0, 77, 199]);
    expect(verdicts[77]).toMatchObject({ status: 'rejected', code: 'refused', pointer: '/gender' });
  });

  it('signs in once for many calls, and again when the session ends', async () => {
    const on = run();
    const { logons } = await twin.counters();
    for (const n of [1, 2, 3]) await deliver(on, [item({ email: `s${n}@example.test` })]);
    expect((await twin.counters()).logons).toBe(logons + 1);
    await twin.inject({ kind: 'expireSessions', count: 1 });
    expect(await deliver(on, [item({ email: 's4@example.test' })])).toEqual([{ status: 'accepted' }]);
    expect((await twin.counters()).logons).toBe(logons + 2);
  });

  it('signs in with a technical account', async () => {
    const account = {
      auth: 'ims',
      login: undefined,
      password: undefined,
      imsUrl: `${twin.url}/ims/token/v3`,
      ...ims,
    };
    expect(await deliver(run(account), [item({ email: 'ims@example.test' })])).toEqual([
      { status: 'accepted' },
    ]);
    expect(await run({ ...account, clientSecret: 'wrong' }).check()).toMatchObject({
      code: 'bad-credentials',
    });
  });

  it('leaves people alone whom Campaign does not know when told to update', async () => {
    await deliver(run({ operation: 'update' }), [item({ email: 'stranger@example.test', firstName: 'S' })]);
    expect((await twin.rows('nms:recipient')).map(({ email }) => email)).not.toContain(
      'stranger@example.test',
    );
  });

  it('marks or deletes on removal, by the key alone', async () => {
    const people = ['mark@example.test', 'drop@example.test'].map((email) => item({ email, firstName: 'R' }));
    const [mark, drop] = people as [Item, Item];
    await deliver(run(), people);
    const renamed = item({ email: 'mark@example.test', firstName: 'Other' });
    expect(await deliver(run(), [renamed, item({ firstName: 'x' })], 'remove')).toMatchObject([
      { status: 'accepted' },
      { status: 'rejected', code: 'missing-key', pointer: '/email' },
    ]);
    await deliver(run({ removeOperation: 'delete' }), [drop], 'remove');
    const rows = await twin.rows('nms:recipient');
    expect(rows.find(({ email }) => email === mark.key)).toMatchObject({
      firstName: 'R',
      blackListEmail: true,
    });
    expect(rows.some(({ email }) => email === drop.key)).toBe(false);
  });

  it('stops at trouble instead of adding to it', async () => {
    const on = run({ rowsPerCall: 1 });
    await deliver(on, [item({ email: 'warm@example.test' })]);
    const { calls } = await twin.counters();
    await twin.inject({ kind: 'http429', retryAfterSeconds: 3, count: 1 });
    const items = ['t1', 't2', 't3'].map((name) => item({ email: `${name}@example.test` }));
    const waiting = { status: 'retry', code: 'http-429', afterSeconds: 3 };
    expect(await deliver(on, items)).toEqual([waiting, waiting, waiting]);
    expect((await twin.counters()).calls['WriteCollection']).toBe((calls['WriteCollection'] ?? 0) + 1);
  });

  it('tells wrong settings from wrong rows', async () => {
    expect(await run({ schema: 'nms:nothing' }).check()).toMatchObject({
      code: 'bad-settings',
      pointer: '/schema',
    });
    expect(await run({ key: '@nothing' }).check()).toMatchObject({ code: 'bad-settings', pointer: '/key' });
  });

  it('reports deliveries once, those settled late included', async () => {
    const people = ['f1', 'f2', 'f3', 'f4'].map((name) => `${name}@example.test`);
    await deliver(
      run(),
      people.map((email) => item({ email })),
    );
    await twin.addDeliveryLogs([
      { email: 'f1@example.test', status: 'sent' },
      { email: 'f2@example.test', status: 'failed', failureType: 2, failureReason: 1, text: 'User unknown' },
      { email: 'f3@example.test', status: 'failed', failureType: 1, failureReason: 5 },
      { email: 'f4@example.test', status: 'pending' },
    ]);
    const runtime = new PluginRuntime(campaignClassic, settings(), {
      connect: async (host, port) => (await import('node:net')).connect(port, host),
      log: { info: () => undefined, warn: () => undefined },
    });
    const first = await runtime.feedback(null, AbortSignal.timeout(10_000));
    const page = 'value' in first ? first.value : { events: [], cursor: null };
    expect(page.events.map(({ address, type, bounce }) => [address, type, bounce])).toEqual([
      ['f1@example.test', 'sent', undefined],
      ['f2@example.test', 'bounced', 'hard'],
      ['f3@example.test', 'bounced', 'soft'],
    ]);
    expect(page.cursor).toMatchObject({ pending: [expect.any(Number)] });
    const again = await runtime.feedback(page.cursor, AbortSignal.timeout(10_000));
    expect(again).toEqual({ value: { events: [], cursor: page.cursor } });
    runtime.close();
  });
});
