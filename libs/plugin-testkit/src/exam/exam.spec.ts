import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accepted, capability, rejected, type Plugin } from '@percorso/plugin-kit';
import { examine } from './examine';
import { Exam } from './questions';
import type { Paper } from './paper';
import textPlugin from './testing/text-plugin';
import { TextProvider } from './testing/text-provider';

type Settings = InstanceType<typeof textPlugin.settings>;

const paper: Omit<Paper<Settings, TextProvider>, 'plugin'> = {
  packageJson: {
    keywords: ['percorso-plugin'],
    percorso: {
      id: 'texts',
      name: 'Texts',
      kind: 'messaging',
      api: '^1.0',
      settingsVersion: 1,
      capabilities: ['send'],
      channel: 'sms',
      addressPointer: '/to',
      egress: [{ setting: 'url' }],
    },
  },
  twin: () => new TextProvider().start(),
  settings: ({ url }) => ({ url, apiKey: 'secret-key' }),
  wrongCredentials: { apiKey: 'wrong' },
  unreachable: { url: 'http://127.0.0.1:1' },
  operation: 'send',
  payload: (n) => ({ to: `+4670${n}`, text: 'Hello' }),
  refused: () => ({ to: 'nobody', text: 'Hello' }),
  oversized: () => ({ to: '+46', text: 'x'.repeat(2000) }),
  mark: ({ to }) => String(to),
  arrived: async ({ texts }) => texts.map(({ to }) => to),
  faults: {
    throttle: (twin, seconds = 0) =>
      twin.next((_, response) => void response.writeHead(429, { 'retry-after': String(seconds) }).end()),
    throttleBare: (twin) => twin.next((_, response) => void response.writeHead(429).end()),
    unavailable: (twin) => twin.next((_, response) => void response.writeHead(503).end()),
    broken: (twin) => twin.next((_, response) => void response.writeHead(500).end()),
    slow: (twin, seconds = 0) =>
      twin.next((_, response) => void setTimeout(() => response.end('{}'), seconds * 1000).unref()),
    dropBefore: (twin) => twin.next((request) => void request.socket.destroy()),
    dropAfter: (twin) =>
      twin.next((request, _, accept) => {
        accept();
        request.socket.destroy();
      }),
  },
};

examine(textPlugin, paper);

it('a first plugin takes fewer than 60 lines', () => {
  const source = readFileSync(join(__dirname, 'testing', 'text-plugin.ts'), 'utf8');
  expect(source.split('\n').length).toBeLessThan(60);
});

describe('the exam fails a plugin that', () => {
  const good = textPlugin.send as NonNullable<typeof textPlugin.send>;
  const withSend = (deliver: typeof good.deliver, changes: object = {}): Plugin<Settings> => ({
    ...textPlugin,
    send: capability(deliver, { ...good, ...changes }),
  });

  async function failures(plugin: Plugin<Settings>, changes: object = {}): Promise<string[]> {
    const exam = new Exam({ ...paper, ...changes, plugin });
    await exam.start();
    const failed: string[] = [];
    for (const { name, ask } of exam.questions()) await ask().catch(() => failed.push(name));
    await exam.stop();
    return failed;
  }

  it('calls everything accepted', async () => {
    const failed = await failures(
      withSend(async (items, ctx) => {
        await good.deliver(items, ctx).catch(() => undefined);
        return items.map(() => accepted());
      }),
    );
    expect(failed).toEqual(
      expect.arrayContaining([
        'wrong credentials are told as such, and nothing is sent',
        'an unreachable provider means retry',
        'when the provider asks to slow down, with the seconds given',
        'when the provider accepts, then cuts the connection without an answer',
      ]),
    );
  }, 60_000);

  it('gives up on doubt', async () => {
    const failed = await failures(
      withSend((items, ctx) =>
        good.deliver(items, ctx).catch(() => items.map(() => rejected('failed', 'It failed.'))),
      ),
    );
    expect(failed).toEqual(
      expect.arrayContaining([
        'when the provider fails inside',
        'when the provider cuts the connection without accepting',
        'when the provider accepts, then cuts the connection without an answer',
      ]),
    );
  }, 60_000);

  it('forgets the key it promises', async () => {
    const failed = await failures(
      withSend((items, ctx) =>
        good.deliver(
          items.map((item) => ({ ...item, key: String(Math.random()) })),
          ctx,
        ),
      ),
    );
    expect(failed).toContain('the same item twice has the effect its idempotency says');
  }, 60_000);

  it('logs people', async () => {
    const failed = await failures(
      withSend((items, ctx) => {
        ctx.log.info(`to ${String(items[0]?.payload['to'])}`);
        return good.deliver(items, ctx);
      }),
    );
    expect(failed).toEqual(['the log holds neither people nor secrets']);
  }, 60_000);

  it('claims more than it has, or leaves questions open', async () => {
    const { slow: _, ...faults } = paper.faults;
    const { percorso, ...rest } = paper.packageJson as { percorso: object };
    const packageJson = { ...rest, percorso: { ...percorso, capabilities: ['send', 'receipts'] } };
    expect(await failures(textPlugin, { faults, packageJson })).toEqual([
      'nothing is left out of this exam',
      'the manifest says what the code has',
    ]);
  }, 60_000);
});
