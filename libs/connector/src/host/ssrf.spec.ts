import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { NotConnected } from '@percorso/plugin-kit';
import { openConnection } from './broker';
import { Hostile, SANDBOXES } from './testing/hostile';

/** One place in many spellings, and places that look like elsewhere: what stands between `http://` and the port. */
const HOSTS = [
  // This machine, as IPv4 can be written.
  ...[
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '127.000.000.001',
    '0177.0.0.1',
    '0177.1',
    '0x7f.0.0.1',
    '0x7f.1',
    '0x7f000001',
  ],
  ...[
    '0X7F.0X0.0X0.0X1',
    '2130706433',
    '017700000001',
    '0',
    '0.0.0.0',
    '0x0',
    '00',
    '127.0.0.1.',
    '127.255.255.254',
  ],
  ...[
    '①②⑦.⓪.⓪.①',
    '１２７.0.0.1',
    '127。0。0。1',
    '127．0．0．1',
    '127｡0｡0｡1',
    '%31%32%37.0.0.1',
    '127.0.0.%31',
  ],
  // The same within IPv6.
  ...[
    '[::1]',
    '[::]',
    '[0:0:0:0:0:0:0:1]',
    '[0000::0001]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
  ],
  ...[
    '[0:0:0:0:0:ffff:7f00:0001]',
    '[::ffff:0:127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b:1::7f00:1]',
    '[2002:7f00:1::]',
  ],
  ...[
    '[2001:0:7f00:1::]',
    '[::ffff:169.254.169.254]',
    '[fe80::1]',
    '[fc00::1]',
    '[fd00:ec2::254]',
    '[fec0::1]',
    '[ff02::1]',
  ],
  ...['[100::1]', '[2001:db8::1]', '[3fff::1]', '[5f00::1]', '[2002:a00:1::1]'],
  // Networks that are not the Internet.
  ...[
    '10.0.0.1',
    '10.1',
    '0xa.1',
    '167772161',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '192.168.1',
    '3232235521',
  ],
  ...[
    '169.254.169.254',
    '0xa9fea9fe',
    '2852039166',
    '0251.0376.0251.0376',
    '169.254.43518',
    '100.64.0.1',
    '100.100.100.200',
  ],
  ...[
    '192.0.0.192',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
  ],
  // Names that lead there.
  ...[
    'localhost',
    'LOCALHOST',
    'localhost.',
    'ip6-localhost',
    'metadata.google.internal',
    '127.0.0.1.nip.io',
    'localtest.me',
  ],
  ...['private.test', 'mapped.test', 'ten.test', 'ｌｏｃａｌｈｏｓｔ', 'loc%61lhost'],
  // Parts of a URL that look like the host.
  ...[
    'allowed.test@127.0.0.1',
    'allowed.test:80@127.0.0.1',
    'a.allowed.test%40@127.0.0.1',
    '127.0.0.1\\@allowed.test',
  ],
];
/** What a resolver says; nobody else has an address. */
const NAMES: Record<string, string[]> = {
  localhost: ['127.0.0.1', '::1'],
  'ip6-localhost': ['::1'],
  'metadata.google.internal': ['169.254.169.254'],
  '127.0.0.1.nip.io': ['127.0.0.1'],
  'localtest.me': ['127.0.0.1'],
  'private.test': ['127.0.0.1', '10.0.0.1'],
  'mapped.test': ['::ffff:127.0.0.1'],
  'ten.test': ['10.0.0.1'],
  'lies.test': ['localhost'],
};
const resolve = (name: string): Promise<string[]> =>
  NAMES[name]
    ? Promise.resolve(NAMES[name])
    : Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' }));

const servers: Server[] = [];
let port: number;
let reached = 0;
const running: Hostile[] = [];

/** Stands where every spelling leads: on this machine, for IPv4 and IPv6. */
beforeAll(async () => {
  const canary = (): Server =>
    createServer((request, response) => {
      const [, path] = (request.url ?? '').split('/');
      if (path === 'elsewhere') response.writeHead(302, { location: `http://127.0.0.2:${port}/` });
      if (path === 'huge') response.write(Buffer.alloc(17 * 1024 * 1024));
      response.end('canary');
    }).on('connection', () => (reached += 1));
  const first = canary();
  await new Promise<void>((done) => first.listen(0, '127.0.0.1', done));
  ({ port } = first.address() as AddressInfo);
  servers.push(first);
  for (const host of ['127.0.0.2', '::1']) {
    const more = canary();
    await new Promise<void>((done) => more.once('error', () => done()).listen(port, host, done));
    servers.push(more);
  }
});
beforeEach(() => (reached = 0));
afterEach(() => running.splice(0).forEach(({ host }) => host.stop()));
afterAll(() => servers.forEach((server) => server.close()));

it(`has ${HOSTS.length} spellings, all different`, () => {
  expect(HOSTS.length).toBeGreaterThanOrEqual(80);
  expect(new Set(HOSTS).size).toBe(HOSTS.length);
});

describe.each(SANDBOXES)('the brokered network where isolation is $isolation', (sandbox) => {
  const start = (): Hostile => {
    const hostile = new Hostile({ sandbox, resolve });
    running.push(hostile);
    return hostile;
  };
  const codes = (answer: Awaited<ReturnType<Hostile['call']>>): string[] =>
    typeof answer === 'string'
      ? [answer]
      : answer.map((one) =>
          one.status === 'accepted' ? String(one.providerId) : `DONE ${JSON.stringify(one)}`,
        );

  it('leads to no private address, even where an admin’s own settings name it', async () => {
    const hostile = start();
    const found: Record<string, string> = {};
    await Promise.all(
      HOSTS.map(async (host) => {
        const url = `http://${host}:${port}/`;
        [found[host]] = codes(await hostile.call([{ deed: 'visit', url }], { settings: { url } })) as [
          string,
        ];
      }),
    );
    const refusals = /^(private-address|egress-denied|enotfound|ERR_INVALID_URL)$/;
    expect(Object.entries(found).filter(([, code]) => !refusals.test(code))).toEqual([]);
    // Most are understood and refused for what they are, rather than misread.
    expect(Object.values(found).filter((code) => code === 'private-address').length).toBeGreaterThan(60);
    expect(reached).toBe(0);
  });

  it('leads nowhere but to what is allowed, where private networks are allowed too', async () => {
    const hostile = start();
    const visits = HOSTS.map((host) => ({ deed: 'visit', url: `http://${host}:${port}/` }));
    const found = codes(
      await hostile.call(visits, { allowPrivateNetwork: true, settings: { url: 'https://x.test' } }),
    );
    const refusals = /^(egress-denied|ERR_INVALID_URL)$/;
    expect(
      found.map((code, n) => [HOSTS[n], code]).filter(([, code]) => !refusals.test(String(code))),
    ).toEqual([]);
    expect(reached).toBe(0);
  });

  it('follows no redirect to elsewhere, reads no endless answer, and knows no other scheme or way', async () => {
    const hostile = start();
    const url = `http://127.0.0.1:${port}`;
    const allowed = { settings: { url }, allowPrivateNetwork: true };
    const visit = async (deed: string, rest: object = {}) =>
      codes(await hostile.call([{ deed, url: `${url}/`, ...rest }], allowed))[0];
    expect(await visit('visit')).toMatch(/^DONE .*200 canary/);
    expect(await visit('visit', { url: `${url}/elsewhere` })).toBe('http-302');
    expect(await visit('visit', { url: `${url}/huge` })).toBe('ERR_BAD_RESPONSE');
    reached = 0;
    for (const other of [
      'file:///etc/passwd',
      'ftp://127.0.0.1/',
      `gopher://127.0.0.1:${port}/`,
      'unix:/run/x',
    ])
      expect(await visit('visit', { url: other })).not.toMatch(/^DONE/);
    const ways: object[] = [
      { url: `${url}/elsewhere`, config: { maxRedirects: 5 } },
      { config: { proxy: { host: '127.0.0.2', port } } },
      { config: { socketPath: '/var/run/docker.sock' }, url: 'http://elsewhere.test/' },
      { config: { adapter: 'fetch' } },
      { config: { httpAgent: null } },
    ];
    const found = [];
    for (const way of ways) found.push(await visit('visit', way));
    expect(
      found.filter((code) => !/^(egress-denied|ERR_|access-denied|http-302)/.test(String(code))),
    ).toEqual([]);
  });
});

describe('a connection', () => {
  const policy = { rules: [{ host: 'vendor.test', port: 443 }], allowPrivateNetwork: false };
  const dialed: string[] = [];
  const dial = async (address: string): Promise<Socket> => {
    dialed.push(address);
    return {} as Socket;
  };
  beforeEach(() => dialed.splice(0));

  it('is made to the very address that was checked: a name that changes its mind gains nothing', async () => {
    const answers = [['93.184.216.34'], ['127.0.0.1']];
    let asked = 0;
    const rebinding = async (): Promise<string[]> => answers[Math.min(asked++, 1)] ?? [];
    await openConnection('vendor.test', 443, policy, rebinding, dial);
    expect([dialed, asked]).toEqual([['93.184.216.34'], 1]);
    await expect(openConnection('vendor.test', 443, policy, rebinding, dial)).rejects.toMatchObject({
      code: 'private-address',
    });
    expect(dialed).toEqual(['93.184.216.34']);
  });

  it('is made to the public ones of mixed addresses only, and never to a name', async () => {
    await openConnection('vendor.test', 443, policy, async () => ['10.0.0.1', '::1', '93.184.216.34'], dial);
    expect(dialed).toEqual(['93.184.216.34']);
    const lies = openConnection('vendor.test', 443, policy, async () => ['localhost', 'vendor.test'], dial);
    await expect(lies).rejects.toMatchObject({ code: 'private-address' } satisfies Partial<NotConnected>);
  });

  it('is made to a private address where the workspace allows it', async () => {
    const allowing = { ...policy, allowPrivateNetwork: true };
    await openConnection('vendor.test', 443, allowing, async () => ['10.0.0.1'], dial);
    expect(dialed).toEqual(['10.0.0.1']);
  });
});
