import { newId } from '@percorso/kernel';
import { abandonedCart } from './journeys/abandoned-cart';
import { orderLifecycle } from './journeys/order-lifecycle';
import { eventually, Stage } from './journeys/stage';
import { welcomeSeries } from './journeys/welcome-series';
import { winBack } from './journeys/win-back';

describe('journeys', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.start();
  });
  afterAll(() => stage?.stop());
  beforeEach(() => stage.open());

  describe('of reference, as docs/journeys has them', () => {
    abandonedCart(() => stage);
    welcomeSeries(() => stage);
    orderLifecycle(() => stage);
    winBack(() => stage);
  });

  it('a call of the API lets profiles in, and says of each whether it did', async () => {
    const { api, sendgrid } = stage;
    const connector = stage.connector('Email');
    await stage.settle(
      ['eve', 'fay'].map((user) => stage.person(user, { email: `${user}@call.example` }, { email: true })),
    );
    const { id: journey } = await api.post<{ id: string }>('/v1/journeys', {
      name: 'Greeting',
      definition: {
        version: 1,
        entries: [{ api: {} }],
        where: { trait: { path: 'email', op: 'eq', value: 'eve@call.example' } },
        start: 'hello',
        steps: {
          hello: {
            send: {
              connector,
              content: { jsonata: `{"to": profile.traits.email, "subject": context.word, "text": "-"}` },
            },
          },
        },
      },
    });
    await stage.publish(journey);
    const item = (value: string): object => ({
      identity: { namespace: 'user_id', value },
      context: { word: 'Welcome' },
    });
    const body = { entries: ['eve', 'fay', 'nobody'].map(item) };
    const config = { headers: { 'idempotency-key': newId() } };
    const path = `/v1/journeys/${journey}/entries`;
    const answer = await api.post<{ entries: object[] }>(path, body, config);
    expect(answer.entries).toEqual([
      { status: 'entered', instanceId: expect.any(String) as string },
      { status: 'refused', code: 'where' },
      { status: 'refused', code: 'profile-unknown' },
    ]);
    expect(await api.post(path, body, config)).toEqual(answer);
    const toEve = async (): Promise<(string | undefined)[]> =>
      (await sendgrid.messages()).filter(({ to }) => to === 'eve@call.example').map(({ subject }) => subject);
    await eventually('the message', toEve, ['Welcome']);
  });
});
