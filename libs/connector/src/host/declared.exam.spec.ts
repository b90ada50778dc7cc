import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { declarativePlugin, type Item } from '@percorso/plugin-kit';
import { examine, httpFaults, HttpProvider, type Delivered, type Receipt } from '@percorso/plugin-testkit';
import { inHost } from './host-run';

const directory = join(__dirname, '..', '..', 'fixtures', 'declared');
const declaration = JSON.parse(readFileSync(join(directory, 'plugin.json'), 'utf8')) as object;

interface Text {
  id: string;
  to: string;
  reference: string;
}

/** Texts found by reference, facts told in pages of two, and posted with a signature. */
class Texts extends HttpProvider {
  readonly texts: Text[] = [];
  readonly facts: object[] = [];

  constructor() {
    super(({ method, path, query, headers, body }) => {
      if (headers['authorization'] !== 'Bearer secret-key') return { status: 401 };
      const asked = new URLSearchParams(query);
      const after = Number(asked.get('after') ?? 0);
      if (path === '/facts') return { status: 200, json: { facts: this.facts.slice(after, after + 2) } };
      const found = this.texts.filter(({ reference }) => reference === asked.get('reference'));
      if (method === 'GET') return { status: 200, json: { texts: found } };
      const text = JSON.parse(body) as Text;
      if (text.to === 'nobody') return { status: 422 };
      const id = `t-${this.texts.length + 1}`;
      return { status: 201, json: { id }, accept: () => void this.texts.push({ ...text, id }) };
    });
  }

  happened({ payload, providerId }: Delivered): void {
    this.facts.push({ number: this.facts.length + 1, ...factOf(payload, providerId) });
  }

  told({ payload, providerId }: Delivered, ageSeconds: number): Receipt {
    const raw = JSON.stringify({ facts: [factOf(payload, providerId)] });
    const time = String(Math.floor(Date.now() / 1000) - ageSeconds);
    const signature = createHmac('sha256', 'hook-key').update(`${time}.${raw}`).digest('base64');
    const request = {
      url: 'https://hub.test/v1/hooks/1',
      headers: { 'x-time': time, 'x-signature': signature },
    };
    return { raw, request };
  }
}

const factOf = ({ to }: Record<string, unknown>, text = ''): object => ({
  ...{ id: `f-${text}`, type: 'delivered', to, text, at: Date.now() },
});

// A plugin without code answers the same questions, in the same process, as any other.
examine(declarativePlugin(declaration), {
  packageJson: join(directory, 'package.json'),
  run: inHost(directory),
  twin: () => new Texts().start(),
  settings: ({ url }) => ({ url, apiKey: 'secret-key', hookKey: 'hook-key' }),
  wrongCredentials: { apiKey: 'wrong' },
  unreachable: { url: 'http://127.0.0.1:1' },
  operation: 'send',
  payload: (n) => ({ to: `+4670${1000000 + n}`, text: 'Hello' }),
  refused: () => ({ to: 'nobody', text: 'Hello' }),
  oversized: () => ({ to: '+46709999999', text: 'x'.repeat(2000) }),
  mark: ({ to }) => String(to),
  arrived: async (twin) => twin.texts.map(({ to }) => to),
  faults: httpFaults,
  receipts: { told: (twin, item, age) => twin.told(item, age), proof: 'x-signature', staleSeconds: 3600 },
  feedback: { happened: (twin, item) => twin.happened(item) },
  without: { erasure: 'a text that was sent stays sent', contract: 'there is no vendor' },
});

it('tells the admin what became of each', async () => {
  const twin = await new Texts().start();
  const run = inHost(directory)({ url: twin.url, apiKey: 'secret-key', hookKey: 'hook-key' });
  const item = (key: string, payload: object): Item => ({ key, payload: payload as Record<string, unknown> });
  const outcome = await run.deliver(
    'send',
    [
      item('a', { to: '+46701234567', text: 'Hello' }),
      item('b', { to: 'nobody', text: 'Hello' }),
      item('c', { to: '+46701234567', text: { not: 'text' } }),
    ],
    15_000,
  );
  run.close();
  await twin.stop();
  expect(outcome).toEqual({
    value: [
      { status: 'accepted', providerId: 't-1' },
      {
        status: 'rejected',
        code: 'bad-number',
        reason: 'The number takes no texts.',
        pointer: '/to',
        bounce: 'hard',
      },
      { status: 'rejected', code: 'expression-failed', reason: '/send/refuse/0/when fails (T0410).' },
    ],
  });
});

it('forms the same request at each try of an effect, also what depends on time and chance', async () => {
  const twin = await new Texts().start();
  const run = inHost(directory)({ url: twin.url, apiKey: 'secret-key', hookKey: 'hook-key' });
  const at = '2026-12-01T08:00:00.000Z';
  const item = { key: 'a', payload: { to: '+46701234567', text: 'Hello' }, at };
  await twin.inject({ kind: 'http503' });
  expect(await run.deliver('send', [item], 15_000)).toMatchObject({ value: [{ status: 'retry' }] });
  expect(await run.deliver('send', [item], 15_000)).toMatchObject({ value: [{ status: 'accepted' }] });
  run.close();
  await twin.stop();
  const [first, again] = twin.calls.map(({ body }) => JSON.parse(body) as { at: string; sort: number });
  expect(first).toMatchObject({ at, sort: expect.any(Number) });
  expect(again).toEqual(first);
});
