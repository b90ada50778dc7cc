import { join } from 'node:path';
import { type Call, ingest, poll, send, type StoryContext } from '@percorso/demo';
import { newId } from '@percorso/kernel';
import { type SendGridTwin, startSendGridTwin } from '@percorso/plugin-testkit';
import { World } from './world';

/** Whoever leaves a cart alone is reminded of it; who then clicks is left in peace, who does not hears once more. */
const abandonedCart = (connector: string): object => ({
  version: 1,
  key: 'cart_id',
  entries: [{ event: { name: 'Cart Updated', where: [{ path: 'total', op: 'gte', value: 20 }] } }],
  where: { consent: { channel: 'email', is: 'granted' } },
  goal: { event: { name: 'Order Completed' } },
  start: 'a-while',
  steps: {
    'a-while': { wait: { for: '20m' }, next: 'remind' },
    remind: { send: { connector, content: message('Your cart is waiting') }, next: 'reaction' },
    reaction: {
      await: { any: [{ reaction: { to: 'remind', is: 'clicked' } }], timeout: '1d' },
      next: 'thank',
      timedOut: 'again',
    },
    thank: { update: { traits: { cart_clicked: 'true' } } },
    again: { send: { connector, content: message('Still there') } },
  },
});

const message = (subject: string): object => ({
  jsonata: `{"to": profile.traits.email, "subject": "${subject}: " & event.properties.cart_id, "text": "Come back"}`,
});

const person = (userId: string): Call => ({
  type: 'identify',
  messageId: `person-${userId}`,
  timestamp: new Date(Date.now() - 60_000),
  userId,
  traits: { email: `${userId}@shop.example` },
  context: { consent: { categoryPreferences: { email: true } } },
});

let serial = 0;
const did = (userId: string, event: string, properties: object = {}): Call => ({
  ...{ type: 'track', messageId: `did-${++serial}`, timestamp: new Date(), userId, event },
  properties: { ...properties },
});

describe('journeys', () => {
  let world: World;
  let context: StoryContext;
  let sendgrid: SendGridTwin;
  let connector: string;

  beforeAll(async () => {
    world = await World.start();
    sendgrid = await startSendGridTwin({ journal: join(world.folder, 'sendgrid.ndjson'), apiKey: 'SG.key' });
  });
  afterAll(async () => {
    await sendgrid?.stop();
    await world?.stop();
  });

  beforeEach(async () => {
    context = await world.workspace(0);
    const webhookKey = await sendgrid.verificationKey();
    const settings = { url: sendgrid.url, apiKey: 'SG.key', from: 'news@shop.example', webhookKey };
    const made = await context.admin.post<{ id: string }>('/v1/connectors', {
      plugin: 'sendgrid',
      name: 'Mail',
      settings,
    });
    connector = made.id;
  });

  /** It is tested by some, whose waits are so many times shorter; or else live for everybody. */
  async function publish(definition: object, speeds?: Record<string, number>): Promise<string> {
    const { id } = await context.admin.post<{ id: string }>('/v1/journeys', { name: newId(), definition });
    const any = { headers: { 'if-match': '*' } };
    if (!speeds) {
      await context.admin.post(`/v1/journeys/${id}/publish`, {}, any);
      return id;
    }
    const profiles = await Promise.all(Object.keys(speeds).map(profileIdOf));
    await context.admin.post(`/v1/journeys/${id}/test`, { speed: 1, profiles }, any);
    // Over the API all hurry alike.
    await world.sql(
      `UPDATE percorso.journey_test_profile t SET speed = s.speed
       FROM unnest($3::uuid[], $4::int[]) AS s (profile_id, speed)
       WHERE t.workspace_id = $1 AND t.journey_id = $2 AND t.profile_id = s.profile_id`,
      [context.workspaceId, id, profiles, Object.values(speeds)],
    );
    return id;
  }

  async function profileIdOf(userId: string): Promise<string> {
    const { data } = await context.admin.get<{ data: { id: string }[] }>('/v1/profiles', {
      params: { namespace: 'user_id', value: userId },
    });
    return data[0]!.id;
  }

  const subjectsTo = async (userId: string): Promise<(string | undefined)[]> =>
    (await sendgrid.messages())
      .filter(({ to }) => to === `${userId}@shop.example`)
      .map(({ subject }) => subject);

  const ended = (journey: string): Promise<{ user: string; reason: string }[]> =>
    world.sql(
      `SELECT n.value AS user, i.end_reason AS reason FROM percorso.journey_instance i
       JOIN percorso.identity_node n ON n.workspace_id = i.workspace_id AND n.person = i.person AND n.namespace = 'user_id'
       WHERE i.workspace_id = $1 AND i.journey_id = $2 AND i.state = 'ended' ORDER BY 1`,
      [context.workspaceId, journey],
    );

  it('an abandoned cart: reminded, and once more unless she clicks or buys', async () => {
    await ingest(context, ['ann', 'ben', 'cleo', 'dora'].map(person));
    // She has minutes to click, he is soon known not to, and of the others nobody waits for anything.
    const speeds = { ann: 600, ben: 7200, cleo: 1, dora: 1 };
    const journey = await publish(abandonedCart(connector), speeds);
    const { url: hook } = await context.admin.post<{ url: string }>(`/v1/connectors/${connector}/hooks`);
    await send(context.hubUrl, context.writeKey, [
      ...['ann', 'ben', 'cleo'].map((user) =>
        did(user, 'Cart Updated', { cart_id: `cart-${user}`, total: 42 }),
      ),
      did('dora', 'Cart Updated', { cart_id: 'cart-dora', total: 3 }),
      did('cleo', 'Order Completed', { cart_id: 'cart-cleo' }),
    ]);
    await poll(
      () => subjectsTo('ann'),
      (subjects) => subjects.length > 0,
      { what: 'the reminder', timeoutMs: 60_000 },
    );
    await sendgrid.webhook({
      events: [{ to: 'ann@shop.example', event: 'click', fields: { url: 'https://shop.example/cart' } }],
      url: hook.replace(/^https?:\/\/[^/]+/, context.hubUrl),
    });
    expect(
      await poll(
        () => ended(journey),
        (all) => all.length === 3,
        { what: 'everybody to have left', timeoutMs: 60_000 },
      ),
    ).toEqual([
      { user: 'ann', reason: 'completed' },
      { user: 'ben', reason: 'completed' },
      { user: 'cleo', reason: 'goal' },
    ]);
    const waiting = (user: string): string => `Your cart is waiting: cart-${user}`;
    await poll(
      () => subjectsTo('ben'),
      (subjects) => subjects.length === 2,
      { what: 'the second reminder', timeoutMs: 60_000 },
    );
    expect(await subjectsTo('ann')).toEqual([waiting('ann')]);
    expect(await subjectsTo('ben')).toEqual([waiting('ben'), 'Still there: cart-ben']);
    expect([await subjectsTo('cleo'), await subjectsTo('dora')]).toEqual([[], []]);
    const { data } = await poll(
      () =>
        context.admin.get<{ data: { traits: Record<string, { value: unknown }> }[] }>('/v1/profiles', {
          params: { namespace: 'user_id', value: 'ann' },
        }),
      ({ data: [profile] }) => profile?.traits['cart_clicked'] !== undefined,
      { what: 'what the journey says of her', timeoutMs: 30_000 },
    );
    expect(data[0]?.traits['cart_clicked']?.value).toBe(true);
  });

  it('a call of the API lets profiles in, and says of each whether it did', async () => {
    await ingest(context, ['eve', 'fay'].map(person));
    const journey = await publish({
      version: 1,
      entries: [{ api: {} }],
      where: { trait: { path: 'email', op: 'eq', value: 'eve@shop.example' } },
      start: 'hello',
      steps: {
        hello: {
          send: {
            connector,
            content: { jsonata: `{"to": profile.traits.email, "subject": context.word, "text": "-"}` },
          },
        },
      },
    });
    const item = (value: string): object => ({
      identity: { namespace: 'user_id', value },
      context: { word: 'Welcome' },
    });
    const body = { entries: ['eve', 'fay', 'nobody'].map(item) };
    const config = { headers: { 'idempotency-key': newId() } };
    const path = `/v1/journeys/${journey}/entries`;
    const answer = await context.admin.post<{ entries: object[] }>(path, body, config);
    expect(answer.entries).toEqual([
      { status: 'entered', instanceId: expect.any(String) as string },
      { status: 'refused', code: 'where' },
      { status: 'refused', code: 'profile-unknown' },
    ]);
    expect(await context.admin.post(path, body, config)).toEqual(answer);
    await poll(
      () => subjectsTo('eve'),
      (subjects) => subjects.length > 0,
      { what: 'the message', timeoutMs: 30_000 },
    );
    expect(await subjectsTo('eve')).toEqual(['Welcome']);
  });
});
