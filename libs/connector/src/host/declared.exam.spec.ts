import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { declarativePlugin, type Item } from '@percorso/plugin-kit';
import { examine, httpFaults, HttpProvider } from '@percorso/plugin-testkit';
import { inHost } from './host-run';

const directory = join(__dirname, '..', '..', 'fixtures', 'declared');
const declaration = JSON.parse(readFileSync(join(directory, 'plugin.json'), 'utf8')) as object;

class Texts extends HttpProvider {
  readonly texts = new Map<string, { to: string }>();

  constructor() {
    super(({ method, headers, body }) => {
      if (headers['authorization'] !== 'Bearer secret-key') return { status: 401 };
      if (method === 'GET') return { status: 200 };
      const text = JSON.parse(body) as { to: string };
      if (text.to === 'nobody') return { status: 422 };
      const key = String(headers['idempotency-key']);
      return { status: 201, json: { id: `t-${key}` }, accept: () => void this.texts.set(key, text) };
    });
  }
}

// A plugin without code answers the same questions, in the same process, as any other.
examine(declarativePlugin(declaration), {
  packageJson: join(directory, 'package.json'),
  run: inHost(directory),
  twin: () => new Texts().start(),
  settings: ({ url }) => ({ url, apiKey: 'secret-key' }),
  wrongCredentials: { apiKey: 'wrong' },
  unreachable: { url: 'http://127.0.0.1:1' },
  operation: 'send',
  payload: (n) => ({ to: `+4670${1000000 + n}`, text: 'Hello' }),
  refused: () => ({ to: 'nobody', text: 'Hello' }),
  oversized: () => ({ to: '+46709999999', text: 'x'.repeat(2000) }),
  mark: ({ to }) => String(to),
  arrived: async (twin) => [...twin.texts.values()].map(({ to }) => to),
  faults: httpFaults,
  without: { erasure: 'a text that was sent stays sent', contract: 'there is no vendor' },
});

it('tells the admin what became of each', async () => {
  const twin = await new Texts().start();
  const run = inHost(directory)({ url: twin.url, apiKey: 'secret-key' });
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
      { status: 'accepted', providerId: 't-a' },
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
