import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inHost } from '@percorso/connector';
import { examine, startSmtpSink } from '@percorso/plugin-testkit';
import smtp from '.';

const journal = join(mkdtempSync(join(tmpdir(), 'percorso-smtp-')), 'sink.ndjson');

examine(smtp, {
  packageJson: join(__dirname, '..', 'package.json'),
  run: inHost(join(__dirname, '..')),
  twin: () => startSmtpSink({ journal, user: 'hub', pass: 'correct horse' }),
  settings: ({ host, port }) => ({
    host,
    port,
    security: 'none',
    user: 'hub',
    password: 'correct horse',
    from: 'News <news@example.test>',
  }),
  wrongCredentials: { password: 'wrong' },
  unreachable: { port: 1 },
  operation: 'send',
  payload: (n) => ({ to: `person${n}@example.test`, subject: `Grüße ${n}`, text: 'Hello' }),
  refused: async (sink) => {
    await sink.inject({ kind: 'hardBounce', recipient: '^nobody@' });
    return { to: 'nobody@example.test', subject: 'Hello', text: 'Hello' };
  },
  oversized: () => ({ to: 'big@example.test', text: 'x'.repeat(11 * 1024 * 1024) }),
  mark: ({ to }) => String(to),
  arrived: async (sink) => (await sink.messages()).flatMap(({ envelope }) => envelope.to),
  faults: {
    throttleBare: (sink) => sink.inject({ kind: 'greylist', count: 1 }),
    unavailable: (sink) => sink.inject({ kind: 'unavailable', count: 1 }),
    slow: (sink, seconds = 0) => sink.inject({ kind: 'slow', ms: seconds * 1000, count: 1 }),
    dropBefore: (sink) => sink.inject({ kind: 'dropBeforeAccept', count: 1 }),
    dropAfter: (sink) => sink.inject({ kind: 'acceptThenDrop', count: 1 }),
  },
  receipts: {
    told: async (sink, { payload, providerId }) => ({
      raw: (await sink.bounce({ recipient: String(payload['to']), messageId: providerId })).raw,
    }),
  },
  without: {
    throttle: 'a 4xx reply names no time',
    broken: 'a 4xx reply is "not accepted" whatever its reason',
    slowBody: 'a reply is one line',
    proof: 'a bounce is mailed, and handed in with a key',
    stale: 'a bounce is mailed, and handed in with a key',
    erasure: 'a mail that was sent stays sent',
    contract: 'SMTP is no HTTP',
  },
});
