import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConnectorRuntime } from '@percorso/connector';
import {
  type SendGridTwin,
  startSendGridTwin,
  startTwilioTwin,
  type TwilioTwin,
} from '@percorso/plugin-testkit';
import { FeedbackWorld } from '../testing/feedback-world';
import type { FeedbackWorkspace } from '../testing/feedback-workspace';
import { HookStore } from './hook.store';
import { ReceiptHousekeeping } from './receipt-housekeeping';

const DAY_MS = 24 * 3600_000;
const accountSid = `AC${'0123456789abcdef'.repeat(2)}`;
const authToken = '12345678901234567890123456789012';

interface Posted {
  body: string;
  headers: Record<string, string>;
}

/** Providers report to public addresses; what they sign is checked in the plugins' own processes. */
describe('hooks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'percorso-hooks-'));
  let world: FeedbackWorld;
  let twilio: TwilioTwin;
  let sendgrid: SendGridTwin;
  let workspace: FeedbackWorkspace;
  let people = 0;

  beforeAll(async () => {
    world = await FeedbackWorld.start();
    const journal = (name: string): string => join(folder, `${name}.ndjson`);
    twilio = await startTwilioTwin({ journal: journal('twilio'), accountSid, authToken });
    sendgrid = await startSendGridTwin({ journal: journal('sendgrid'), apiKey: 'SG.key' });
  }, 60_000);
  afterAll(async () => {
    await Promise.all([world?.stop(), twilio?.stop(), sendgrid?.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => (workspace = await world.workspace()));

  const post = async (url: string, { body, headers }: Posted): Promise<{ status: number; code?: string }> => {
    const path = url.replace('https://hub.example', '');
    const response = await world.app.inject({ method: 'POST', url: path, payload: body, headers });
    return { status: response.statusCode, ...(response.body ? { code: response.json().code } : {}) };
  };

  async function hookOf(connector: string): Promise<{ id: string; url: string }> {
    const { status, body } = await workspace.call('POST', `/v1/connectors/${connector}/hooks`);
    expect(status).toBe(201);
    expect(body.url).toMatch(/^https:\/\/hub\.example\/v1\/hooks\/[\w-]{43}$/);
    return { id: body.id, url: String(body.url) };
  }

  /** A connector to Twilio that reports to a hook, and a text that went out to somebody. */
  async function textSent(): Promise<{
    connector: string;
    url: string;
    sid: string;
    to: string;
    user: string;
  }> {
    const connector = await workspace.connector('twilio', {
      url: twilio.url,
      accountSid,
      authToken,
      from: 'Acme',
    });
    const { url } = await hookOf(connector);
    const settings = { statusCallback: url };
    expect((await workspace.call('PATCH', `/v1/connectors/${connector}`, { settings })).status).toBe(200);
    const [user, to] = [`user-${++people}`, `+4670${1000000 + people}`];
    await workspace.say({ type: 'identify', userId: user, traits: { phone: to } });
    const key = `effect-${people}`;
    const [verdict] = await world.app
      .get(ConnectorRuntime)
      .deliver(workspace.id, connector, 'send', [{ key, payload: { to, text: 'Hello' } }], {
        deadlineMs: 20_000,
      });
    expect(verdict?.status).toBe('accepted');
    const sid = verdict?.status === 'accepted' ? String(verdict.providerId) : '';
    await workspace.sent(connector, user, { key, providerId: sid });
    return { connector, url, sid, to, user };
  }

  const namesOf = async (user: string): Promise<string[]> =>
    (await workspace.eventsOf('user_id', user)).map(({ name }) => name);

  it('a signed callback becomes an event of the person, once', async () => {
    const { url, sid, user, connector } = await textSent();
    const callback = await twilio.callback({ sid, status: 'delivered' });
    expect(callback.url).toBe(url);
    for (let times = 0; times < 3; times++) expect(await post(url, callback)).toEqual({ status: 204 });
    await workspace.applied();
    expect(await namesOf(user)).toEqual(['SMS Delivered']);
    const [event] = await workspace.eventsOf('user_id', user);
    expect(event).toMatchObject({ source: connector, properties: { provider_id: sid, channel: 'sms' } });
  }, 60_000);

  it('what the plugin does not believe is refused, and leaves nothing', async () => {
    const { url, sid, user } = await textSent();
    const callback = await twilio.callback({ sid, status: 'undelivered', errorCode: 30005 });
    const { 'x-twilio-signature': _, ...unsigned } = callback.headers;
    const forged = callback.body.replace('30005', '30006');
    const refused = { status: 403, code: 'bad-receipt' };
    expect(await post(url, { ...callback, headers: unsigned })).toEqual(refused);
    expect(await post(url, { ...callback, body: forged })).toEqual(refused);
    expect(await post(`${url}?a=1`, callback)).toEqual(refused);
    await workspace.applied();
    expect(await namesOf(user)).toEqual([]);
    expect(await workspace.suppressed()).toEqual([]);
    // A refusal is not remembered: the same text, signed, is taken.
    expect(await post(url, callback)).toEqual({ status: 204 });
    expect(await workspace.suppressed()).toHaveLength(1);
  }, 60_000);

  it('a hard bounce suppresses; replayed after an admin lifted it, it changes nothing', async () => {
    const { url, sid, to } = await textSent();
    const callback = await twilio.callback({ sid, status: 'undelivered', errorCode: 30005 });
    await post(url, callback);
    expect(await workspace.suppressed()).toEqual([['sms', to, 'hard-bounce']]);
    await workspace.call('DELETE', `/v1/suppressions/sms/${encodeURIComponent(to)}`);
    expect(await workspace.suppressed()).toEqual([]);
    expect(await post(url, callback)).toEqual({ status: 204 });
    expect(await workspace.suppressed()).toEqual([]);
    // Remembered for thirty days; then forgotten, so that the table does not grow for ever.
    const housekeeping = new ReceiptHousekeeping(world.database, world.app.get(HookStore), world.clock);
    world.clock.advance(29 * DAY_MS);
    await housekeeping.forget();
    expect(await taken()).toBe(1);
    world.clock.advance(2 * DAY_MS);
    await housekeeping.forget();
    expect(await taken()).toBe(0);
  }, 60_000);

  async function taken(): Promise<number> {
    const rows = await world.database.statement<{ count: number }>(
      workspace.id,
      'SELECT count(*)::int AS count FROM receipt_taken',
    );
    return rows[0]?.count ?? -1;
  }

  it("a batch of SendGrid's, signed over its very bytes, becomes events, a suppression and an unsubscription", async () => {
    const webhookKey = await sendgrid.verificationKey();
    const settings = { url: sendgrid.url, apiKey: 'SG.key', from: 'news@example.com', webhookKey };
    const connector = await workspace.connector('sendgrid', settings);
    const { url } = await hookOf(connector);
    const names = ['zoë', 'ben', 'cleo'];
    const addressOf = (name: string): string => `${name === 'zoë' ? 'zoe' : name}@example.com`;
    for (const name of names) {
      await workspace.say({
        type: 'identify',
        userId: name,
        // SendGrid tells whole seconds, so what came before lies a minute back.
        timestamp: new Date(Date.now() - 60_000).toISOString(),
        traits: { email: addressOf(name) },
        context: { consent: { categoryPreferences: { email: true } } },
      });
    }
    const items = names.map((name) => ({
      key: `effect:${name}`,
      payload: { to: addressOf(name), subject: 'Hello', text: 'Hello' },
    }));
    const options = { deadlineMs: 20_000 };
    await world.app.get(ConnectorRuntime).deliver(workspace.id, connector, 'send', items, options);
    for (const { key } of items) await workspace.sent(connector, key.slice(7), { key });
    const webhook = await sendgrid.webhook({
      events: [
        {
          to: addressOf('zoë'),
          event: 'click',
          fields: { url: 'https://shop.example/é?q=1', useragent: '🎉' },
        },
        { to: addressOf('ben'), event: 'bounce', fields: { type: 'bounce', reason: '550 5.1.1 no user' } },
        { to: addressOf('cleo'), event: 'group_unsubscribe' },
        { to: addressOf('cleo'), event: 'deferred' },
      ],
    });
    const refused = { status: 403, code: 'bad-receipt' };
    expect(await post(url, { ...webhook, body: JSON.stringify(JSON.parse(webhook.body)) })).toEqual(refused);
    expect(await post(url, webhook)).toEqual({ status: 204 });
    await workspace.applied();
    expect(await namesOf('zoë')).toEqual(['Email Link Clicked']);
    const [click] = await workspace.eventsOf('user_id', 'zoë');
    expect(click?.properties).toMatchObject({
      link_url: 'https://shop.example/é?q=1',
      effect_key: 'effect:zoë',
    });
    expect(await namesOf('ben')).toEqual(['Email Bounced']);
    expect(await workspace.suppressed()).toEqual([['email', addressOf('ben'), 'hard-bounce']]);
    expect(await namesOf('cleo')).toEqual(['Unsubscribed']);
    expect((await workspace.profile('user_id', 'cleo')).consent).toEqual({
      email: { '*': 'denied' },
    });
    // Signed two days ago, it is a replay whatever it says.
    const stale = await sendgrid.webhook({
      events: [{ to: addressOf('zoë'), event: 'open' }],
      ageSeconds: 2 * 24 * 3600,
    });
    expect(await post(url, stale)).toEqual(refused);
  }, 60_000);

  it('are made, listed without their secret, and deleted', async () => {
    const connector = await workspace.connector();
    const hooks = `/v1/connectors/${connector}/hooks`;
    const first = await hookOf(connector);
    const second = await hookOf(connector);
    const text = JSON.stringify({ status: 'delivered' });
    const listed = await workspace.call('GET', hooks);
    expect(listed.body.data).toEqual(
      [first, second].map(({ id }) => ({ id, createdAt: expect.any(String), lastUsedAt: null })),
    );
    const receipt = { body: '[]', headers: { 'content-type': 'text/plain' } };
    for (const { url } of [first, second]) expect(await post(url, receipt)).toEqual({ status: 204 });
    // Taken by the first, it was no news to the second.
    expect((await workspace.call('GET', hooks)).body.data).toMatchObject([
      { lastUsedAt: expect.any(String) },
      { lastUsedAt: null },
    ]);
    expect((await workspace.call('DELETE', `${hooks}/${first.id}`)).status).toBe(204);
    expect((await workspace.call('DELETE', `${hooks}/${first.id}`)).status).toBe(404);
    expect(await post(first.url, { ...receipt, body: text })).toMatchObject({ status: 404 });
    const large = { ...receipt, body: `["${'x'.repeat(1_000_000)}"]` };
    expect(await post(second.url, large)).toMatchObject({ status: 413 });
    const tokens = ['x', 'A'.repeat(43), `${'A'.repeat(42)}=`, first.url.slice(-42)];
    for (const token of tokens) expect((await post(`/v1/hooks/${token}`, receipt)).status).toBe(404);
  });

  it('are of connectors that can read receipts, five at most, and say nothing for a disabled one', async () => {
    const campaign = await workspace.connector('adobe-campaign-classic', world.campaign());
    expect((await workspace.call('POST', `/v1/connectors/${campaign}/hooks`)).status).toBe(422);
    expect((await workspace.call('POST', '/v1/connectors/nothing/hooks')).status).toBe(404);
    const connector = await workspace.connector();
    const { url } = await hookOf(connector);
    for (let count = 1; count < 5; count++) await hookOf(connector);
    expect((await workspace.call('POST', `/v1/connectors/${connector}/hooks`)).body.code).toBe(
      'too-many-hooks',
    );
    await workspace.call('PATCH', `/v1/connectors/${connector}`, { state: 'disabled' });
    expect(await post(url, { body: '[]', headers: {} })).toMatchObject({ status: 409 });
  });
});
