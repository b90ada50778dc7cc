import { startSmtpSink, type SmtpSink } from '@percorso/plugin-testkit';
import { ConnectorRuntime } from '@percorso/connector';
import type { MessageEvent } from '@percorso/plugin-kit';
import { ProfileService } from '@percorso/profile';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPersons, type Who } from './find-persons';
import { FeedbackWorld } from './testing/feedback-world';
import type { FeedbackWorkspace } from './testing/feedback-workspace';

const about = (event: Partial<MessageEvent>): MessageEvent => ({
  id: 'f1',
  type: 'delivered',
  channel: 'email',
  address: 'nobody@example.org',
  at: '2026-11-01T10:00:00.000Z',
  ...event,
});

describe('whom a provider’s fact is about', () => {
  let world: FeedbackWorld;
  let workspace: FeedbackWorkspace;
  let connector: string;

  beforeAll(async () => {
    world = await FeedbackWorld.start();
  }, 120_000);
  afterAll(() => world?.stop());

  beforeEach(async () => {
    workspace = await world.workspace();
    connector = await workspace.connector();
    await workspace.person('ada', 'ada@example.org');
    await workspace.person('bob', 'bob@example.org');
    await workspace.sent(connector, 'ada', { key: 'key-ada', providerId: 'm-ada' });
    await workspace.sent(connector, 'bob', { key: 'key-bob', providerId: 'm-bob' });
  });

  const find = async (...events: Partial<MessageEvent>[]): Promise<(Who | undefined)[]> => {
    const full = events.map(about);
    const found = await world.database.tx(workspace.id, (tx) => findPersons(tx, connector, full));
    return full.map((event) => found.get(event)?.who);
  };
  const [ADA, BOB] = [{ userId: 'ada' }, { userId: 'bob' }];

  it('is the effect’s person, by the hub’s key or the provider’s id, before the address', async () => {
    const address = 'bob@example.org';
    expect(
      await find(
        { effectKey: 'key-ada', address },
        { providerId: 'm-ada', address },
        { effectKey: 'key-ada', providerId: 'm-bob', address },
        { address },
      ),
    ).toEqual([ADA, ADA, ADA, BOB]);
  });

  it('tells which message it is about, by whichever name it was found', async () => {
    const events = [{ effectKey: 'key-ada' }, { providerId: 'm-bob' }, { address: 'bob@example.org' }].map(
      about,
    );
    const found = await world.database.tx(workspace.id, (tx) => findPersons(tx, connector, events));
    expect(events.map((event) => found.get(event)?.effectKey)).toEqual(['key-ada', 'key-bob', undefined]);
  });

  it('is found by the address when the message is unknown, in whatever form', async () => {
    await workspace.say({ type: 'identify', userId: 'eve', traits: { phone: '+39 02 1234567' } });
    expect(
      await find(
        { providerId: 'unknown', effectKey: 'unknown', address: ' BOB@example.org ' },
        { channel: 'sms', address: '+39 (02) 123-4567' },
        { channel: 'whatsapp', address: '+39021234567' },
      ),
    ).toEqual([BOB, { userId: 'eve' }, { userId: 'eve' }]);
  });

  it('is nobody when neither is known, or on another channel', async () => {
    expect(
      await find(
        { providerId: 'unknown' },
        { channel: 'sms', address: 'bob@example.org' },
        { channel: 'carrier-pigeon', address: 'coop 7' },
      ),
    ).toEqual([undefined, undefined, undefined]);
  });

  it('is not the person of another connector’s or another workspace’s message', async () => {
    const other = await workspace.connector();
    const elsewhere = await world.workspace();
    await elsewhere.person('mallory', 'nobody@example.org');
    await elsewhere.sent(await elsewhere.connector(), 'mallory', { key: 'key-m', providerId: 'm-m' });
    await workspace.sent(other, 'bob', { key: 'key-other', providerId: 'm-other' });
    expect(
      await find({ providerId: 'm-other' }, { effectKey: 'key-other' }, { providerId: 'm-m' }, {}),
    ).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('is the person that a merge left', async () => {
    await workspace.say({ type: 'identify', anonymousId: 'visit-1', traits: { email: 'carl@example.org' } });
    expect(await find({ address: 'carl@example.org' })).toEqual([{ anonymousId: 'visit-1' }]);
    await workspace.say({ type: 'identify', anonymousId: 'visit-1', userId: 'carl' });
    expect(await find({ address: 'carl@example.org' })).toEqual([{ userId: 'carl' }]);
    await workspace.say({ type: 'alias', userId: 'carl', previousId: 'ada' });
    const profile = await workspace.profile('user_id', 'carl');
    const [event] = await find({ providerId: 'm-ada' });
    expect((await workspace.profile('user_id', event?.userId ?? '')).id).toBe(profile.id);
  });

  it('is nobody once the person is erased', async () => {
    const { id } = await workspace.profile('user_id', 'ada');
    await world.app.get(ProfileService).delete(workspace.id, 'spec', id);
    expect(
      await find({ effectKey: 'key-ada' }, { providerId: 'm-ada' }, { address: 'ada@example.org' }),
    ).toEqual([undefined, undefined, undefined]);
  });

  describe('of a mail server', () => {
    const folder = mkdtempSync(join(tmpdir(), 'percorso-bounce-'));
    let sink: SmtpSink;

    beforeAll(async () => {
      sink = await startSmtpSink({ journal: join(folder, 'mail.ndjson') });
    });
    afterAll(async () => {
      await sink?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it('is who got the message that bounced, although the address is another’s now', async () => {
      const settings = { host: sink.host, port: sink.port, security: 'none', from: 'shop@percorso.example' };
      const smtp = await workspace.connector('smtp', settings);
      const payload = { to: 'old@example.org', subject: 'Hello', text: 'Hello' };
      const [verdict] = await world.app
        .get(ConnectorRuntime)
        .deliver(workspace.id, smtp, 'send', [{ key: 'key-mail', payload }], { deadlineMs: 10_000 });
      if (verdict?.status !== 'accepted') throw new RangeError(`not sent: ${JSON.stringify(verdict)}`);
      await workspace.sent(smtp, 'ada', { key: 'key-mail', providerId: verdict.providerId });
      await workspace.person('bob', 'old@example.org');

      const { raw } = await sink.bounce({ recipient: 'old@example.org', status: '5.1.1' });
      for (let again = 0; again < 2; again++) {
        const { body } = await workspace.call('POST', `/v1/connectors/${smtp}/receipts`, { body: raw });
        expect(body).toEqual({ events: 1, unmatched: 0 });
        await workspace.applied();
      }
      const bounces = async (user: string) =>
        (await workspace.eventsOf('user_id', user)).filter(({ name }) => name === 'Email Bounced');
      expect([(await bounces('ada')).length, (await bounces('bob')).length]).toEqual([1, 0]);
      expect(await workspace.suppressed()).toEqual([['email', 'old@example.org', 'hard-bounce']]);
    });
  });
});
