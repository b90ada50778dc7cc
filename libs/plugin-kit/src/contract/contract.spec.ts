import * as kit from '..';
import { API_VERSION, CONTRACT_VERSIONS, contractOf, inNewestContract } from './versions';
import { capability, definePlugin, type Context, type Item, type Plugin } from '../plugin';
import { PluginRuntime } from '../runtime/plugin-runtime';
import { answered } from '../verdict';

const N_1 = CONTRACT_VERSIONS[0].version;
const ctx = {} as Context<object>;

it('there are two versions, and the kit writes the newer one', () =>
  expect(CONTRACT_VERSIONS.map(({ version }) => version)).toEqual(['1.1', API_VERSION]));

it.each(CONTRACT_VERSIONS.flatMap((one) => [`^${one.version}`, one.version].map((api) => [api, one])))(
  'runs %s',
  (api, version) => expect(contractOf(api)).toBe(version),
);

it.each([
  ['^1.0', 'contract-too-old'],
  ['0.9', 'contract-too-old'],
  ['^1.3', 'contract-too-new'],
  ['^1.10', 'contract-too-new'],
  ['^2.0', 'contract-too-new'],
])('refuses %s: %s, and names the range', (api, code) => {
  expect(contractOf(api)).toMatchObject({ code, message: expect.stringContaining('1.1 and 1.2') });
  expect(() => inNewestContract({} as Plugin, api)).toThrow(TypeError);
});

it.each(['*', '>=1.1', '^1', '1.1.0', '^01.1x', '', undefined, 1.1, {}])('cannot read %j', (api) =>
  expect(contractOf(api)).toMatchObject({ code: 'contract-unreadable' }),
);

/** Keeps what it was given, and answers more than its contract has. */
class Talkative {
  readonly seen: unknown[] = [];
  settings = Object;
  upsert = capability<object>(
    async (items) => {
      this.seen.push(...items);
      return items.map(() => answered({ secret: 'of 1.2' }, 'p'));
    },
    { idempotency: 'native-key', ttlSeconds: 60, batch: 7, perSecond: 3 },
  );
  /** Its own affair: its contract has no calls. */
  call = capability<object>(async () => [], { idempotency: 'none', batch: 1, perSecond: 1 });

  async check(): Promise<void> {
    this.seen.push('check');
  }

  async lookup(items: Item[]): Promise<'absent'[]> {
    this.seen.push(...items);
    return items.map(() => 'absent');
  }

  async receipts(...given: unknown[]): Promise<[]> {
    this.seen.push(given.length);
    return [];
  }
}

describe(`a plugin of ${N_1}`, () => {
  const item: Item = { key: 'k', payload: { a: 1 }, at: '2026-11-25T00:00:00Z' };
  let old: Talkative;
  let plugin: Plugin;
  beforeEach(() => {
    old = new Talkative();
    plugin = inNewestContract(old as never, `^${N_1}`);
  });

  it('is described by what its contract has', () =>
    expect(PluginRuntime.describe(plugin)).toMatchObject({
      capabilities: ['upsert', 'lookup', 'receipts'],
      operations: { upsert: { idempotency: 'native-key', ttlSeconds: 60, batch: 7, perSecond: 3 } },
    }));

  it('is asked in the shapes it knows, as itself', async () => {
    await plugin.check(ctx);
    await plugin.upsert?.deliver([item], ctx);
    expect(await plugin.lookup?.([item], ctx)).toEqual(['absent']);
    await plugin.receipts?.('raw', ctx, { url: 'https://hub.test', headers: {} });
    expect(old.seen).toEqual(['check', { key: 'k', payload: { a: 1 } }, { key: 'k', payload: { a: 1 } }, 3]);
  });

  it('answers in shapes of now', async () => {
    expect(await plugin.upsert?.deliver([item], ctx)).toEqual([{ status: 'accepted', providerId: 'p' }]);
    old.upsert.deliver = async () => 'nonsense' as never;
    expect(await plugin.upsert?.deliver([item], ctx)).toBe('nonsense');
  });
});

it(`what a plugin of ${N_1} imports from a kit that the hub brings is there`, () => {
  const names =
    'accepted BadCredentials BadDeclaration BadPayload BadReceipt BadSettings capability declarativePlugin definePlugin ' +
    'itemwise NotConnected partwise PluginError rejected retry retryAfter Secret Setting TryLater Unclear unknown verdictFor';
  for (const name of names.split(' ')) expect(kit).toHaveProperty(name, expect.any(Function));
});

it('a plugin of now is left alone', () => {
  const plugin = definePlugin({ settings: Object, check: async () => undefined });
  expect(inNewestContract(plugin, `^${API_VERSION}`)).toBe(plugin);
});
