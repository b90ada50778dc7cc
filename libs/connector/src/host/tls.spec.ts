import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Certificate, makeCertificate } from '@percorso/plugin-testkit';
import { readPlugin, type InstalledPlugin } from '../plugin/installed-plugin';
import { egressRules } from './egress';
import { PluginHost } from './plugin-host';

const plugin = readPlugin(join(__dirname, '..', '..', 'fixtures', 'naughty')) as InstalledPlugin;
const stop: (() => void)[] = [];
const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

/** A server with this certificate; `asked` counts the requests that reached it. */
async function serve({
  cert,
  key,
}: Certificate): Promise<{ port: number; connections: number; asked: number }> {
  const server: Server = createServer({ cert, key }, (_, response) => {
    state.asked += 1;
    response.end('ok');
  });
  const state = { port: 0, connections: 0, asked: 0 };
  server.on('secureConnection', () => (state.connections += 1));
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, resolve));
  stop.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  return Object.assign(state, { port: portOf(server) });
}

/** What the plugin's process gets for `times` requests to `url`. */
async function fetchInHost(url: string, extraCaFile?: string, times = 1): Promise<unknown> {
  const host = new PluginHost(plugin, { extraCaFile });
  stop.push(() => host.stop());
  const settings = { url };
  const policy = { rules: egressRules(plugin.manifest.egress, settings), allowPrivateNetwork: true };
  const handle = { id: 'c', version: 1, policy, settings: () => settings };
  const items = [{ key: 'k', payload: { deed: 'fetch', url, times } }];
  return host.call(handle, { method: 'deliver', operation: 'upsert', items }, 10_000);
}

const refused = (message: RegExp): object => ({
  fault: { code: 'bad-settings', message: expect.stringMatching(message) },
});

describe('ctx.http over TLS', () => {
  let local: Certificate;
  let foreign: Certificate;

  beforeAll(async () => {
    [local, foreign] = await Promise.all([makeCertificate('localhost'), makeCertificate('other.test')]);
  });
  afterEach(() => stop.splice(0).forEach((end) => end()));

  it.each(['localhost', '127.0.0.1'])(
    'reaches %s by an authority the hub was told to trust',
    async (name) => {
      const certificate = await makeCertificate(name);
      const server = await serve(certificate);
      const answer = await fetchInHost(`https://${name}:${server.port}/`, certificate.certFile, 5);
      expect(answer).toEqual({ value: [{ status: 'accepted', providerId: 'ok,ok,ok,ok,ok' }] });
      expect(server).toMatchObject({ connections: 1, asked: 5 });
    },
  );

  it('refuses a certificate nobody vouches for, and sends nothing', async () => {
    const server = await serve(local);
    expect(await fetchInHost(`https://localhost:${server.port}/`)).toEqual(
      refused(/^The certificate of localhost is refused: self-signed certificate\.$/),
    );
    expect(await fetchInHost(`https://localhost:${server.port}/`, foreign.certFile)).toEqual(
      refused(/self-signed/),
    );
    expect(server.asked).toBe(0);
  });

  it('refuses a trusted certificate of another host, and sends nothing', async () => {
    const server = await serve(foreign);
    expect(await fetchInHost(`https://localhost:${server.port}/`, foreign.certFile)).toEqual(
      refused(
        /^The certificate of localhost is refused: .*localhost.* is not in the cert's altnames: DNS:other\.test/,
      ),
    );
    const byAddress = await serve(local);
    expect(await fetchInHost(`https://127.0.0.1:${byAddress.port}/`, local.certFile)).toEqual(
      refused(/IP: 127\.0\.0\.1 is not in the cert's list/),
    );
    expect(byAddress.asked).toBe(0);
    expect(server.asked).toBe(0);
  });

  it('tries again where no TLS is spoken, or the handshake is cut: nothing was sent', async () => {
    let asked = 0;
    const plain = createHttpServer(() => (asked += 1));
    const mute = createHttpServer().on('connection', (socket) => socket.destroy());
    for (const server of [plain, mute]) {
      await new Promise<void>((resolve) => server.listen(0, resolve));
      stop.push(() => server.close());
      const answer = await fetchInHost(`https://localhost:${portOf(server)}/`, local.certFile);
      expect(answer).toMatchObject({ value: [{ status: 'retry', code: expect.any(String) }] });
    }
    expect(asked).toBe(0);
  });
});
