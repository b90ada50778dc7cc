import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inHost } from '@percorso/connector';
import { examine, httpFaults, startSendGridTwin, vendorDocument } from '@percorso/plugin-testkit';
import sendgrid from '.';

const journal = join(mkdtempSync(join(tmpdir(), 'percorso-sendgrid-')), 'twin.ndjson');
const apiKey = 'SG.exam.key';
let webhookKey = '';

examine(sendgrid, {
  packageJson: join(__dirname, '..', 'package.json'),
  run: inHost(join(__dirname, '..')),
  twin: async () => {
    const twin = await startSendGridTwin({ journal, apiKey });
    webhookKey = await twin.verificationKey();
    return twin;
  },
  settings: ({ url }) => ({ url, apiKey, from: 'News <news@example.test>', webhookKey }),
  wrongCredentials: { apiKey: 'SG.wrong' },
  unreachable: { url: 'http://127.0.0.1:1' },
  operation: 'send',
  payload: (n) => ({
    to: `person${n}@example.test`,
    subject: `Grüße ${n}`,
    text: 'Hello',
    html: `<p>${n % 3}</p>`,
  }),
  // The plugin's own rules let it pass; the provider does not.
  refused: () => ({ to: 'nobody@localhost', subject: 'Hello', text: 'Hello' }),
  oversized: () => ({ to: 'big@example.test', subject: 'Hello', text: 'x'.repeat(13_000_000) }),
  mark: ({ to }) => String(to),
  arrived: async (twin) => (await twin.messages()).map(({ to }) => to),
  faults: httpFaults,
  receipts: {
    told: async (twin, { payload }, ageSeconds) => {
      const events = [{ to: String(payload['to']), event: 'delivered' }];
      const { body, headers } = await twin.webhook({ events, ageSeconds });
      return { raw: body, request: { url: 'https://hub.example.com/v1/hooks/h1', headers } };
    },
    proof: 'x-twilio-email-event-webhook-signature',
    staleSeconds: 2 * 24 * 3600,
  },
  contract: {
    document: vendorDocument('sendgrid_mail_v3.json'),
    calls: async (twin) => mails(await twin.calls()),
  },
  without: { erasure: 'a mail that was sent stays sent' },
});

/** The document is that of mail sending alone; scopes have another. */
function mails<C extends { path: string }>(calls: C[]): C[] {
  return calls.filter(({ path }) => path !== '/v3/scopes');
}
