import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inHost } from '@percorso/connector';
import { examine, httpFaults, startTwilioTwin, vendorDocument } from '@percorso/plugin-testkit';
import twilio from '.';

const journal = join(mkdtempSync(join(tmpdir(), 'percorso-twilio-')), 'twin.ndjson');
const accountSid = `AC${'0123456789abcdef'.repeat(2)}`;
const authToken = '12345678901234567890123456789012';

examine(twilio, {
  packageJson: join(__dirname, '..', 'package.json'),
  run: inHost(join(__dirname, '..')),
  twin: () => startTwilioTwin({ journal, accountSid, authToken }),
  settings: ({ url }) => ({
    ...{ url, accountSid, authToken, from: '+15005550006' },
    statusCallback: 'https://hub.example.com/v1/hooks/h1',
  }),
  wrongCredentials: { authToken: 'wrong' },
  unreachable: { url: 'http://127.0.0.1:1' },
  operation: 'send',
  payload: (n) => ({ to: `+4670${1000000 + n}`, text: 'Grüße & ¡hola! 100 % + 1' }),
  refused: () => ({ to: '+15005550001', text: 'Hello' }),
  oversized: () => ({ to: '+46709999999', text: 'x'.repeat(1601) }),
  mark: ({ to }) => String(to),
  arrived: async (twin) => (await twin.messages()).map(({ to }) => to),
  faults: httpFaults,
  receipts: {
    told: async (twin, { providerId = '' }) => {
      const { url, body, headers } = await twin.callback({ sid: providerId, status: 'delivered' });
      return { raw: body, request: { url, headers } };
    },
    proof: 'x-twilio-signature',
  },
  contract: { document: vendorDocument('twilio_api_v2010.json'), calls: (twin) => twin.calls() },
  without: {
    stale: 'Twilio signs no time; the hub remembers what it took',
    erasure: 'a text that was sent stays sent',
  },
});
