import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { FeedbackWorld } from '../testing/feedback-world';
import type { FeedbackWorkspace } from '../testing/feedback-workspace';

const LIMITS = { perHook: 6, perSource: 15, refused: 3, atOnce: 2, bodyMs: 1500 };
const TOO_MANY = { status: 429, code: 'too-many-receipts' };

/** Anybody may call a hook: what that may cost is bounded before a plugin is asked. */
describe('calls of hooks', () => {
  let world: FeedbackWorld;
  let workspace: FeedbackWorkspace;
  let sources = 0;
  let bodies = 0;

  beforeAll(async () => {
    world = await FeedbackWorld.start(LIMITS);
    workspace = await world.workspace();
    await world.app.listen(0, '127.0.0.1');
  }, 60_000);
  afterAll(() => world?.stop());

  /** An address that nobody called from yet. */
  const someAddress = (): string => `10.0.0.${++sources}`;

  async function hook(connector?: string): Promise<string> {
    const of = connector ?? (await workspace.connector());
    const { status, body } = await workspace.call('POST', `/v1/connectors/${of}/hooks`);
    expect(status).toBe(201);
    return new URL(String(body.url)).pathname;
  }

  async function post(
    path: string,
    from: string,
    payload = `[${' '.repeat(++bodies)}]`,
  ): Promise<{ status: number; code?: string; retryAfter?: number }> {
    const answer = await world.app.inject({
      method: 'POST',
      url: path,
      payload,
      remoteAddress: from,
      headers: { 'content-type': 'text/plain' },
    });
    if (answer.statusCode < 400) return { status: answer.statusCode };
    const after = answer.headers['retry-after'];
    return {
      status: answer.statusCode,
      code: answer.json<{ code: string }>().code,
      ...(after === undefined ? {} : { retryAfter: Number(after) }),
    };
  }

  it('are so many a minute of one hook, from wherever they come, and no other hook is meant', async () => {
    const [path, other] = [await hook(), await hook()];
    for (let call = 0; call < LIMITS.perHook; call++) {
      expect(await post(path, someAddress())).toEqual({ status: 204 });
    }
    const refused = await post(path, someAddress());
    expect(refused).toMatchObject(TOO_MANY);
    expect(refused.retryAfter).toBeGreaterThanOrEqual(1);
    expect(refused.retryAfter).toBeLessThanOrEqual(60);
    expect(await post(other, someAddress())).toEqual({ status: 204 });
  });

  it('are so many a minute from one address, at whatever hooks', async () => {
    const from = someAddress();
    const paths = await Promise.all([hook(), hook(), hook()]);
    for (let call = 0; call < LIMITS.perSource; call++) {
      expect(await post(paths[call % 3]!, from)).toEqual({ status: 204 });
    }
    expect(await post(paths[0]!, from)).toMatchObject({ ...TOO_MANY, retryAfter: expect.any(Number) });
    expect(await post(paths[0]!, someAddress())).toEqual({ status: 204 });
  });

  it('are fewer when they are refused, and only for that hook and address', async () => {
    const settings = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'token', from: 'Acme' };
    const connector = await workspace.connector('twilio', settings);
    const [path, other, from] = [await hook(connector), await hook(), someAddress()];
    for (let call = 0; call < LIMITS.refused; call++) {
      expect(await post(path, from, 'MessageSid=SM1')).toMatchObject({ status: 403, code: 'bad-receipt' });
    }
    // One more is let in and found wrong, then none is: nobody asks the plugin again.
    expect(await post(path, from, 'MessageSid=SM1')).toMatchObject({ status: 403 });
    expect(await post(path, from, 'MessageSid=SM1')).toMatchObject(TOO_MANY);
    expect(await post(path, someAddress(), 'MessageSid=SM1')).toMatchObject({ status: 403 });
    expect(await post(other, from)).toEqual({ status: 204 });
    const nowhere = `/v1/hooks/${'A'.repeat(43)}`;
    for (let call = 0; call <= LIMITS.refused; call++) {
      expect(await post(nowhere, from)).toMatchObject({ status: 404 });
    }
    expect(await post(nowhere, from)).toMatchObject(TOO_MANY);
  });

  it('are cut when their body does not come, and only so many are waited for', async () => {
    const path = await hook();
    const { port } = world.app.getHttpServer().address() as AddressInfo;
    /** What it was told until it was cut. */
    async function slow(): Promise<string> {
      const socket = connect(port, '127.0.0.1');
      let told = '';
      socket.on('data', (chunk) => (told += String(chunk))).on('error', () => undefined);
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: hub\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nnot all`,
      );
      await once(socket, 'close');
      return told;
    }
    const told = await Promise.all([slow(), slow(), slow()]);
    expect(told.filter((one) => one === '')).toHaveLength(LIMITS.atOnce);
    expect(told.find((one) => one !== '')).toMatch(/^HTTP\/1.1 503 [^]*retry-after: 1\r\n/i);
    let status = 503;
    while (status === 503) ({ status } = await post(await hook(), someAddress()));
    expect(status).toBe(204);
  });
});
