import { newId } from '@percorso/kernel';
import { JourneyUsageGuard } from './usage-guard';
import { AdminWorld, type AdminWorkspace } from './testing/admin-world';

const trait = (path: string): object => ({ version: 1, where: { trait: { path, op: 'exists' } } });
const TO = '{"to": profile.traits.email}';

describe('the admin side of journeys', () => {
  let world: AdminWorld;
  let shop: AdminWorkspace;
  let vips: string;
  let listed: string;
  let mail: string;

  beforeAll(async () => {
    world = await AdminWorld.start();
    shop = await world.workspace();
    vips = await shop.audience('VIPs', trait('vip'));
    listed = await shop.audience('Listed', { version: 1, where: { imported: true } });
    mail = await shop.connector('Mail');
  });
  afterAll(() => world?.stop());

  const send = (jsonata = TO, connector = mail): object => ({ connector, content: { jsonata } });
  const welcome = (steps: object = {}, more: object = {}): object => ({
    version: 1,
    entries: [{ audience: { id: vips, on: 'enter' } }, { api: {} }],
    start: 'hello',
    steps: {
      hello: { send: send(), ...('hello' in steps ? {} : { next: Object.keys(steps)[0] }) },
      ...steps,
    },
    ...more,
  });
  const plain = (): object => welcome({ later: { wait: { for: '1h' } } });

  describe('drafts', () => {
    it('are created, renamed, read and listed', async () => {
      const made = await shop.call('POST', '/v1/journeys', { name: 'Welcome', definition: plain() });
      expect(made).toMatchObject({
        status: 201,
        body: {
          state: 'draft',
          liveVersion: null,
          draftVersion: 1,
          version: 1,
          usageViolations: [],
          test: null,
        },
        headers: { etag: '"1"' },
      });
      const url = `/v1/journeys/${made.body.id}`;
      expect((await shop.call('PATCH', url, { name: 'Hello' })).status).toBe(428);
      expect(await shop.call('PATCH', url, { name: 'Hello' }, { 'if-match': '"1"' })).toMatchObject({
        status: 200,
        body: { name: 'Hello', version: 2 },
      });
      expect((await shop.call('PATCH', url, { name: 'Hey' }, { 'if-match': '"1"' })).status).toBe(412);
      const { body } = await shop.call('GET', '/v1/journeys?limit=1');
      expect(body.data).toMatchObject([{ id: made.body.id, name: 'Hello' }]);
    });

    it('are made once for an Idempotency-Key', async () => {
      const once = { 'idempotency-key': newId() };
      const body = { name: 'Once', definition: plain() };
      const [first, second] = [
        await shop.call('POST', '/v1/journeys', body, once),
        await shop.call('POST', '/v1/journeys', body, once),
      ];
      expect(second.body.id).toBe(first.body.id);
    });

    it('keep the order in which steps were written, and fields in the order of the guide', async () => {
      const steps = {
        zz: { next: 'a', wait: { for: '1h' } },
        a: { wait: { for: '2h' }, next: 'mm' },
        mm: { end: {} },
      };
      const id = await shop.journey({ start: 'hello', ...welcome(steps) });
      const { body } = await shop.call('GET', `/v1/journeys/${id}/versions/1`);
      const kept = body.definition as { steps: object };
      expect(Object.keys(kept.steps)).toEqual(['hello', 'zz', 'a', 'mm']);
      expect(Object.keys(kept)).toEqual(['version', 'entries', 'start', 'steps']);
      expect(JSON.stringify((kept.steps as { zz: object }).zz)).toBe('{"wait":{"for":"1h"},"next":"a"}');
    });

    it('are saved in place until they are taken into use; who read an older one is told', async () => {
      const id = await shop.journey(plain());
      const draft = `/v1/journeys/${id}/draft`;
      const wait = (hours: string): object => ({ definition: welcome({ later: { wait: { for: hours } } }) });
      expect(await shop.call('PUT', draft, wait('2h'), { 'if-match': '"1"' })).toMatchObject({
        status: 200,
        body: { draftVersion: 1, version: 2 },
      });
      expect((await shop.call('PUT', draft, wait('3h'), { 'if-match': '"1"' })).status).toBe(412);
      // What changes nothing makes no version.
      expect((await shop.call('PUT', draft, wait('2h'), { 'if-match': '"2"' })).body.version).toBe(2);
      expect((await shop.change('POST', `/v1/journeys/${id}/publish`)).status).toBe(200);
      expect((await shop.change('PUT', draft, wait('3h'))).body).toMatchObject({
        draftVersion: 2,
        liveVersion: 1,
      });
      expect((await shop.change('PUT', draft, wait('4h'))).body).toMatchObject({
        draftVersion: 2,
        newestVersion: 2,
      });
      const { body } = await shop.call('GET', `/v1/journeys/${id}/versions`);
      expect(body.data).toMatchObject([
        { version: 2, publishedAt: null },
        { version: 1, publishedAt: '2026-06-15T12:00:00.000Z' },
      ]);
    });

    it('are told where two versions differ', async () => {
      const id = await shop.journey(plain());
      await shop.change('POST', `/v1/journeys/${id}/publish`);
      const definition = welcome({ later: { wait: { for: '2h' }, next: 'bye' }, bye: { end: {} } });
      await shop.change('PUT', `/v1/journeys/${id}/draft`, { definition });
      expect((await shop.call('GET', `/v1/journeys/${id}/diff`)).body).toEqual({
        from: 1,
        to: 2,
        changes: [
          { pointer: '/steps/later/wait/for', kind: 'changed', before: '1h', after: '2h' },
          { pointer: '/steps/later/next', kind: 'added', after: 'bye' },
          { pointer: '/steps/bye', kind: 'added', after: { end: {} } },
        ],
      });
      expect((await shop.call('GET', `/v1/journeys/${id}/diff?from=2&to=2`)).body.changes).toEqual([]);
      expect((await shop.call('GET', `/v1/journeys/${id}/diff?from=3`)).status).toBe(404);
      expect((await shop.call('GET', `/v1/journeys/${id}/versions/x`)).status).toBe(404);
    });

    it('are drawn', async () => {
      const id = await shop.journey(plain());
      const { body } = await shop.call('GET', `/v1/journeys/${id}/graph`);
      expect(body).toEqual({
        nodes: [
          { id: 'entry:0', kind: 'entry', label: 'enters audience' },
          { id: 'entry:1', kind: 'entry', label: 'API' },
          { id: 'hello', kind: 'send', label: 'send' },
          { id: 'later', kind: 'wait', label: 'wait 1h' },
          { id: 'end', kind: 'exit', label: 'End' },
        ],
        edges: [
          { from: 'entry:0', to: 'hello', kind: 'entry' },
          { from: 'entry:1', to: 'hello', kind: 'entry' },
          { from: 'hello', to: 'later', kind: 'next' },
          { from: 'later', to: 'end', kind: 'next' },
        ],
      });
    });

    it('are deleted when nobody is inside', async () => {
      const id = await shop.journey(plain());
      const url = `/v1/journeys/${id}`;
      await shop.inside(id, 1, 1, []);
      expect(await shop.change('DELETE', url)).toMatchObject({ status: 409, body: { code: 'in-use' } });
      await shop.query(
        `UPDATE journey_instance SET state = 'ended' WHERE workspace_id = $1 AND journey_id = $2`,
        [id],
      );
      expect((await shop.change('DELETE', url)).status).toBe(204);
      expect((await shop.call('GET', url)).status).toBe(404);
    });

    it('stay while others that are live jump to them', async () => {
      const id = await shop.journey({ ...plain(), entries: [{ api: {} }] });
      const steps = { away: { jump: { journey: id } } };
      const other = `/v1/journeys/${await shop.journey({ ...plain(), start: 'away', steps }, 'Jumper')}`;
      await shop.change('POST', `${other}/publish`);
      const { status, body } = await shop.change('DELETE', `/v1/journeys/${id}`);
      expect([status, body.code, body.detail]).toEqual([409, 'in-use', expect.stringContaining('Jumper')]);
      await shop.change('POST', `${other}/stop`);
      expect((await shop.change('DELETE', `/v1/journeys/${id}`)).status).toBe(204);
    });
  });

  describe('what is wrong with a definition', () => {
    const errorsOf = async (definition: object, journeyId?: string): Promise<unknown> => {
      const { body } = await shop.call('POST', '/v1/journeys/validate', {
        definition,
        ...(journeyId !== undefined && { journeyId }),
      });
      expect(body.valid).toBe(body.errors.length === 0);
      return body.errors.map(({ pointer, code }) => `${pointer} ${code}`);
    };

    it('is told in whole, by where it is', async () => {
      expect(await errorsOf(plain())).toEqual([]);
      expect(await errorsOf({ ...plain(), start: 'nowhere', holdout: 101 })).toEqual([
        '/holdout range',
        '/start unknown-step',
        '/steps/hello unreachable',
        '/steps/later unreachable',
      ]);
      const refused = await shop.call('POST', '/v1/journeys', {
        name: 'X',
        definition: { ...plain(), late: '0d' },
      });
      expect(refused).toMatchObject({ status: 422, body: { errors: [{ pointer: '/definition/late' }] } });
    });

    it('is told of expressions that do not compile', async () => {
      const steps = {
        hello: { send: send('{"to": '), next: 'more' },
        more: { update: { context: { a: '$sum(', b: '1' } } },
      };
      expect(await errorsOf(welcome(steps))).toEqual([
        expect.stringMatching(/^\/steps\/hello\/send\/content\/jsonata S/),
        expect.stringMatching(/^\/steps\/more\/update\/context\/a S/),
      ]);
    });

    it('is told of what is not there, or cannot do what it is to do', async () => {
      const nobody = newId();
      const campaign = await shop.connector('Campaign', 'adobe-campaign-classic');
      const deaf = await shop.journey(welcome({}, { entries: [{ event: { name: 'A' } }] }));
      const keyed = await shop.journey(
        welcome({}, { key: 'order_id', entries: [{ event: { name: 'A' } }, { api: {} }] }),
      );
      const steps = {
        hello: { send: send(TO, campaign), next: 'gone' },
        gone: { send: send(TO, nobody), next: 'ask' },
        ask: { call: { connector: mail, content: { jsonata: '1' } }, next: 'list' },
        list: {
          update: {
            lists: [
              { audience: vips, op: 'add' },
              { audience: listed, op: 'add' },
            ],
          },
          next: 'which',
        },
        which: { branch: [{ where: { not: { audience: { id: nobody } } }, next: 'a' }], next: 'b' },
        a: { split: { arms: [{ name: 'x', percent: 50, next: 'd' }] }, next: 'c' },
        b: { jump: { journey: nobody } },
        c: { jump: { journey: deaf } },
        d: { jump: { journey: keyed } },
      };
      const entries = [{ audience: { id: nobody, on: 'enter' } }];
      expect(await errorsOf(welcome(steps, { entries, where: { audience: { id: nobody } } }))).toEqual([
        '/entries/0/audience/id unknown-audience',
        '/steps/list/update/lists/0/audience no-list',
        '/where/audience/id unknown-audience',
        '/steps/which/branch/0/where/not/audience/id unknown-audience',
        '/steps/hello/send/connector unsupported',
        '/steps/gone/send/connector unknown-connector',
        '/steps/ask/call/connector unsupported',
        '/steps/b/jump/journey unknown-journey',
        '/steps/c/jump/journey no-entry',
        '/steps/d/jump/journey no-key',
      ]);
      expect(
        (await shop.call('POST', '/v1/journeys', { name: 'X', definition: welcome(steps) })).status,
      ).toBe(422);
    });

    it('is told of jumps that go round without an end', async () => {
      const id = await shop.journey(plain());
      const again = { jump: { journey: id } };
      expect(await errorsOf(welcome({ again }), id)).toEqual(['/steps/again/jump/journey endless']);
      expect(await errorsOf(welcome({ day: { wait: { for: '1d' }, next: 'again' }, again }), id)).toEqual([]);
    });

    it('is told of labelled fields that usage policies keep from where they would go', async () => {
      const bank = await world.workspace();
      const texts = await bank.connector('Texts', 'twilio');
      const label = { labels: ['contract:no-third-party'] };
      expect((await bank.call('PUT', '/v1/field-labels/traits.iban', label)).status).toBe(200);
      const definition = (jsonata: string, context: string): object => ({
        version: 1,
        entries: [{ api: {} }],
        start: 'keep',
        steps: {
          keep: { update: { context: { kept: context } }, next: 'tell' },
          tell: { send: { connector: texts, content: { jsonata } } },
        },
      });
      const create = (jsonata: string, context: string) =>
        bank.call('POST', '/v1/journeys', { name: 'B', definition: definition(jsonata, context) });
      const direct = await create('{"to": profile.traits.iban}', '1');
      expect(direct).toMatchObject({
        status: 422,
        body: { code: 'usage-policy', errors: [{ pointer: '/definition/steps/tell/send/content/jsonata' }] },
      });
      // By way of the context it goes out just the same.
      expect((await create('{"to": context.kept}', 'profile.traits.iban')).body.errors).toMatchObject([
        { pointer: '/definition/steps/keep/update/context/kept', code: 'usage-policy' },
      ]);
      const allowed = await create('{"to": profile.traits.phone}', 'profile.traits.iban');
      expect(allowed.status).toBe(201);
      const url = `/v1/journeys/${allowed.body.id}`;
      expect((await bank.change('POST', `${url}/publish`)).status).toBe(200);
      await bank.call('PUT', '/v1/field-labels/traits.phone', label);
      // What was saved before is held against the rules as they are now, and goes no further.
      const guard = world.app.get(JourneyUsageGuard);
      expect(await guard.recheck(bank.id)).toBe(1);
      expect(await guard.recheck(bank.id)).toBe(0);
      expect((await bank.call('GET', url)).body).toMatchObject({
        state: 'paused',
        usageViolations: [{ field: 'traits.phone', pointer: '/steps/tell/send/content/jsonata' }],
      });
      expect(await bank.change('POST', `${url}/resume`)).toMatchObject({
        status: 409,
        body: { code: 'usage-policy' },
      });
      expect(await bank.change('POST', `/v1/journeys/${allowed.body.id}/publish`)).toMatchObject({
        status: 422,
        body: { code: 'usage-policy', errors: [{ pointer: '/steps/tell/send/content/jsonata' }] },
      });
      await bank.inside(allowed.body.id, 1, 1, []);
      await bank.change('PUT', `${url}/draft`, {
        definition: definition('{"to": profile.traits.other}', '1'),
      });
      expect((await bank.change('POST', `${url}/publish`)).status).toBe(409);
      const restart = { inFlight: { choice: 'restart' } };
      expect((await bank.change('POST', `${url}/publish`, restart)).body.journey).toMatchObject({
        state: 'paused',
        usageViolations: [],
      });
      expect((await bank.change('POST', `${url}/resume`)).body.state).toBe('live');
    });
  });

  describe('an export', () => {
    const where = (id: string): object => ({ all: [{ not: { audience: { id } } }] });

    it('is read in another workspace, by the names of what it refers to', async () => {
      const nested = await shop.audience('Nested', { version: 1, where: { audience: { id: vips } } });
      const id = await shop.journey(
        welcome({ later: { wait: { for: '1h' } } }, { where: where(nested) }),
        'Traveller',
      );
      const file = (await shop.call('GET', `/v1/journeys/${id}/export`)).body;
      expect(file).toMatchObject({
        format: 'percorso-journey-1',
        name: 'Traveller',
        references: {
          audiences: [
            { id: vips, name: 'VIPs' },
            { id: nested, name: 'Nested' },
          ],
          connectors: [{ id: mail, name: 'Mail', plugin: 'smtp' }],
          journeys: [],
        },
      });

      const other = await world.workspace();
      const dry = await other.call('POST', '/v1/journeys/import?dryRun=true', file);
      expect(dry).toMatchObject({ status: 200, body: { journey: null } });
      expect(dry.body.references).toMatchObject([
        { kind: 'audience', pointer: '/definition/entries/0/audience/id', resolved: null, name: 'VIPs' },
        {
          kind: 'audience',
          pointer: '/definition/where/all/0/not/audience/id',
          resolved: null,
          name: 'Nested',
        },
        { kind: 'connector', pointer: '/definition/steps/hello/send/connector', resolved: null },
      ]);
      expect(await other.call('POST', '/v1/journeys/import', file)).toMatchObject({
        status: 422,
        body: { errors: [{ code: 'unresolved' }, { code: 'unresolved' }, { code: 'unresolved' }] },
      });

      const own = await other.audience('VIPs', trait('vip'));
      await other.audience('Nested', trait('vip'));
      await other.connector('Mail', 'twilio');
      const theirs = await other.connector('Mail');
      const read = await other.call('POST', '/v1/journeys/import', file);
      expect(read).toMatchObject({ status: 201, body: { journey: { name: 'Traveller', state: 'draft' } } });
      const made = (read.body.journey as { id: string }).id;
      const { body } = await other.call('GET', `/v1/journeys/${made}/versions/1`);
      expect(body.definition).toMatchObject({
        entries: [{ audience: { id: own } }, {}],
        steps: { hello: { send: { connector: theirs } } },
      });
    });

    it('is read where it comes from, by ids; of two with one name none is chosen', async () => {
      const id = await shop.journey(plain());
      const file = (await shop.call('GET', `/v1/journeys/${id}/export?version=1`)).body;
      const read = await shop.call('POST', '/v1/journeys/import', file);
      expect(read.body.references).toMatchObject([{ by: 'id' }, { by: 'id' }]);
      const other = await world.workspace();
      await other.audience('VIPs', trait('a'));
      await other.audience('VIPs', trait('b'));
      await other.connector('Mail');
      const refused = await other.call('POST', '/v1/journeys/import', file);
      expect(refused.body.errors).toMatchObject([{ pointer: '/definition/entries/0/audience/id' }]);
      const broken = { ...file, definition: { version: 1 } };
      expect((await shop.call('POST', '/v1/journeys/import?dryRun=true', broken)).status).toBe(422);
    });
  });
});
