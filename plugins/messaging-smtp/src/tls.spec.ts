import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inHost } from '@percorso/connector';
import { type Certificate, makeCertificate, type SmtpSink, startSmtpSink } from '@percorso/plugin-testkit';

const start = inHost(join(__dirname, '..'));
const folder = mkdtempSync(join(tmpdir(), 'percorso-smtp-tls-'));
const login = { user: 'hub', password: 'correct horse' };
const items = [{ key: 'k', payload: { to: 'ada@example.test', text: 'Hello' } }];
const stop: (() => unknown)[] = [];
let sinks = 0;

async function sink(options: object): Promise<SmtpSink> {
  const journal = join(folder, `${++sinks}.ndjson`);
  const started = await startSmtpSink({ journal, user: login.user, pass: login.password, ...options });
  stop.push(() => started.stop());
  return started;
}

/** Through the plugin's real process: what the check says, and what becomes of one message. */
async function attempt({ port }: SmtpSink, settings: object): Promise<{ check: unknown; sent: unknown }> {
  const run = start({ host: 'localhost', port, from: 'news@example.test', ...login, ...settings });
  stop.push(() => run.close());
  return { check: await run.check(), sent: await run.deliver('send', items, 15_000) };
}

describe('SMTP over TLS', () => {
  let local: Certificate;
  let foreign: Certificate;

  beforeAll(async () => {
    [local, foreign] = await Promise.all([makeCertificate('localhost'), makeCertificate('mx.other.test')]);
  });
  afterEach(() => Promise.all(stop.splice(0).map((end) => end())));

  const modes = [
    ['tls', { tls: true }],
    ['starttls', { starttls: true }],
  ] as const;

  it.each(modes)('%s delivers by a private authority', async (security, offered) => {
    const server = await sink({ ...offered, certificate: local });
    expect(await attempt(server, { security, ca: local.cert })).toEqual({
      check: null,
      sent: { value: [{ status: 'accepted', providerId: expect.any(String) }] },
    });
    expect(await server.messages()).toMatchObject([{ envelope: { to: ['ada@example.test'] } }]);
  });

  const fault = (pointer: string, message: RegExp): object => {
    const told = { code: 'bad-settings', pointer, message: expect.stringMatching(message) };
    return { check: told, sent: { fault: told } };
  };

  it.each(modes)(
    '%s refuses a certificate nobody vouches for, before it signs in',
    async (security, offered) => {
      const server = await sink({ ...offered, certificate: local });
      await server.inject({ kind: 'rejectAuth' });
      expect(await attempt(server, { security })).toEqual(
        fault('/ca', /refused: self-signed certificate\.$/),
      );
      expect(await server.counters()).toMatchObject({ accepted: 0, refused: {} });
    },
  );

  it.each(modes)(
    '%s refuses a certificate of another host, before it signs in',
    async (security, offered) => {
      const server = await sink({ ...offered, certificate: foreign });
      await server.inject({ kind: 'rejectAuth' });
      expect(await attempt(server, { security, ca: foreign.cert })).toEqual(
        fault('/host', /localhost.* is not in the cert's altnames: DNS:mx\.other\.test/),
      );
      expect(await server.counters()).toMatchObject({ accepted: 0, refused: {} });
    },
  );

  it('starttls refuses a server that does not offer it: no password, no message', async () => {
    const server = await sink({});
    await server.inject({ kind: 'rejectAuth' });
    expect(await attempt(server, { security: 'starttls' })).toEqual(
      fault('/security', /does not offer STARTTLS/),
    );
    expect(await server.counters()).toMatchObject({ accepted: 0, refused: {} });
  });

  it('tls refuses a server that speaks none', async () => {
    const server = await sink({});
    expect(await attempt(server, { security: 'tls', ca: local.cert })).toEqual(
      fault('/security', /encrypted connection/),
    );
    expect(await server.counters()).toMatchObject({ accepted: 0 });
  });
});
