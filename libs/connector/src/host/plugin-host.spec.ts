import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Verdict } from '@percorso/plugin-kit';
import { readPlugin, type InstalledPlugin } from '../plugin/installed-plugin';
import { checkedVerdicts } from '../runtime/checked-answers';
import { egressRules } from './egress';
import { PluginHost, type PluginHostOptions } from './plugin-host';

const plugin = readPlugin(join(__dirname, '..', '..', 'fixtures', 'naughty')) as InstalledPlugin;

let server: Server;
let url: string;
let connections = 0;
const hosts: PluginHost[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/away') response.writeHead(302, { location: 'http://169.254.169.254/' });
    if (request.url === '/huge') response.write(Buffer.alloc(17 * 1024 * 1024));
    response.end('ok');
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => hosts.splice(0).forEach((host) => host.stop()));
afterAll(() => server.close());

function start(options: PluginHostOptions = {}, allowPrivateNetwork = true) {
  const host = new PluginHost(plugin, options);
  hosts.push(host);
  const settings = { url };
  const policy = { rules: egressRules(plugin.manifest.egress, settings), allowPrivateNetwork };
  const handle = { id: 'c', version: 1, policy, settings: () => settings };
  const deliver = async (
    payloads: Record<string, unknown>[],
    deadlineMs = 10_000,
  ): Promise<Verdict[] | object> => {
    const items = payloads.map((payload, index) => ({ key: String(index), payload }));
    const answer = await host.call(handle, { method: 'deliver', operation: 'upsert', items }, deadlineMs);
    return 'value' in answer ? checkedVerdicts(answer.value, items.length, 'upsert') : answer;
  };
  return { host, deliver };
}

describe('a plugin process', () => {
  it('has no environment, no files, no children and no threads', async () => {
    const { deliver } = start();
    const deeds = ['environment', 'read', 'write', 'spawn', 'thread'].map((deed) => ({ deed }));
    expect(await deliver(deeds)).toEqual([
      { status: 'accepted', providerId: 'env:0' },
      ...Array.from({ length: 4 }, () => ({ status: 'accepted', providerId: 'ERR_ACCESS_DENIED' })),
    ]);
  });

  it('that dies leaves its calls in doubt, rests, and starts again', async () => {
    const { deliver } = start();
    // However long the next call is in coming, it comes at once.
    const still = jest.spyOn(Date, 'now').mockReturnValue(Date.now());
    await expect(deliver([{ deed: 'exit' }])).rejects.toMatchObject({ code: 'plugin-died', sent: true });
    await expect(deliver([{ deed: 'accept' }])).rejects.toMatchObject({
      code: 'plugin-resting',
      sent: false,
    });
    still.mockRestore();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await deliver([{ deed: 'accept' }])).toEqual([{ status: 'accepted', providerId: 'p1' }]);
  });

  it('that hangs is killed at the deadline', async () => {
    const { deliver } = start();
    await deliver([{ deed: 'accept' }]);
    await expect(deliver([{ deed: 'hang' }], 500)).rejects.toMatchObject({
      code: 'plugin-deadline',
      sent: true,
    });
  });

  it('that hoards memory outside the heap is killed', async () => {
    const { deliver } = start({ residentMb: 200 });
    await expect(deliver([{ deed: 'hoard' }])).rejects.toMatchObject({ code: 'plugin-memory', sent: true });
  });

  it('is stopped when idle and started on demand', async () => {
    const { host, deliver } = start({ idleMs: 50 });
    await deliver([{ deed: 'accept' }]);
    const first = host.pid;
    expect(first).toBeDefined();
    while (host.pid !== undefined) await new Promise((resolve) => setTimeout(resolve, 20));
    await deliver([{ deed: 'accept' }]);
    expect(host.pid).not.toBe(first);
  });

  it('whose answers make no sense leaves those items unknown', async () => {
    const { deliver } = start();
    const nonsense = { status: 'unknown', code: 'plugin-nonsense' };
    const verdicts = (await deliver([
      { deed: 'accept' },
      { deed: 'nonsense' },
      { deed: 'shout' },
    ])) as Verdict[];
    expect(verdicts.slice(0, 2)).toEqual([{ status: 'accepted', providerId: 'p1' }, nonsense]);
    expect(JSON.stringify(verdicts[2]).length).toBeLessThan(1500);
    expect(await deliver([{ deed: 'fewer' }, { deed: 'accept' }])).toEqual([nonsense, nonsense]);
  });
});

describe('the brokered network', () => {
  it('opens a connection once for many requests', async () => {
    const { deliver } = start();
    const before = connections;
    expect(await deliver([{ deed: 'fetch', url: `${url}/`, times: 5 }])).toEqual([
      { status: 'accepted', providerId: 'ok,ok,ok,ok,ok' },
    ]);
    expect(connections - before).toBe(1);
  });

  it('leads only where manifest and settings allow', async () => {
    const { deliver } = start();
    expect(await deliver([{ deed: 'fetch', url: 'http://localhost:1/' }])).toMatchObject({
      fault: { code: 'bad-settings', message: expect.stringContaining('do not allow localhost:1') },
    });
  });

  it('leads to private addresses only when the workspace allows them', async () => {
    const { deliver } = start({}, false);
    expect(await deliver([{ deed: 'fetch', url }])).toMatchObject({ fault: { code: 'bad-settings' } });
  });

  it('follows no redirect and reads no endless answer', async () => {
    const { deliver } = start();
    expect(await deliver([{ deed: 'fetch', url: `${url}/away` }])).toEqual([
      { status: 'unknown', code: 'http-302' },
    ]);
    expect(await deliver([{ deed: 'fetch', url: `${url}/huge` }])).toEqual([
      { status: 'unknown', code: 'err-bad-response' },
    ]);
  });
});
