import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KeyedTwin, startKeyedTwin } from './keyed-twin';

const folder = mkdtempSync(join(tmpdir(), 'percorso-keyed-twin-'));
const options = { journal: join(folder, 'twin.ndjson'), apiKey: 'secret' };

describe('the twin that knows idempotency keys', () => {
  let twin: KeyedTwin;
  beforeAll(async () => (twin = await startKeyedTwin(options)));
  afterAll(async () => {
    await twin.stop();
    rmSync(folder, { recursive: true });
  });

  async function post(
    key: string | undefined,
    body: object,
    apiKey = 'secret',
  ): Promise<{ status: number; id?: string }> {
    const response = await fetch(`${twin.url}/messages`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      body: JSON.stringify(body),
    });
    const { id } = (await response.json()) as { id?: string };
    return id === undefined ? { status: response.status } : { status: response.status, id };
  }

  const ADA = { to: 'device-1', text: 'Hello' };

  it('sends once whatever is repeated, after a crash too, and writes down every request', async () => {
    const first = await post('k1', ADA);
    expect(first.status).toBe(201);
    expect(await post('k1', ADA)).toEqual({ status: 200, id: first.id });
    await twin.kill();
    twin = await startKeyedTwin(options);
    expect(await post('k1', ADA)).toEqual({ status: 200, id: first.id });
    const second = await post('k2', ADA);
    expect(second).toEqual({ status: 201, id: expect.not.stringMatching(String(first.id)) });
    expect((await twin.messages()).map(({ key, repeated }) => [key, repeated])).toEqual([
      ['k1', false],
      ['k1', true],
      ['k1', true],
      ['k2', false],
    ]);
  });

  it('keeps what it took and did not answer', async () => {
    await twin.inject({ kind: 'acceptThenDrop' });
    await expect(post('k3', ADA)).rejects.toThrow();
    expect((await twin.messages()).at(-1)).toMatchObject({ key: 'k3', repeated: false });
    expect((await post('k3', ADA)).status).toBe(200);
  });

  it('refuses what is not right', async () => {
    const before = (await twin.messages()).length;
    expect(await post('k4', ADA, 'wrong')).toEqual({ status: 401 });
    expect(await post(undefined, ADA)).toEqual({ status: 400 });
    expect(await post('k4', { to: '', text: 'x' })).toEqual({ status: 422 });
    expect(await post('k1', { ...ADA, text: 'Other' })).toEqual({ status: 409 });
    expect(await twin.messages()).toHaveLength(before);
  });
});
