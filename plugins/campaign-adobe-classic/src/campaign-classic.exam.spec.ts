import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inHost } from '@percorso/connector';
import { examine, httpFaults, startCampaignClassicTwin } from '@percorso/plugin-testkit';
import campaignClassic from '.';
import { CampaignClassicSettings } from './settings';

const journal = join(mkdtempSync(join(tmpdir(), 'percorso-acc-')), 'twin.ndjson');

examine(campaignClassic, {
  packageJson: join(__dirname, '..', 'package.json'),
  run: inHost(join(__dirname, '..')),
  twin: () => startCampaignClassicTwin({ journal, login: 'hub', password: 'correct horse' }),
  settings: ({ url }) => ({
    ...new CampaignClassicSettings(),
    url,
    login: 'hub',
    password: 'correct horse',
    removeOperation: 'delete',
  }),
  wrongCredentials: { password: 'wrong' },
  unreachable: { url: 'http://127.0.0.1:1' },
  operation: 'upsert',
  payload: (n) => ({
    email: `person${n}@example.test`,
    firstName: `<Zoë & "${n}">`,
    location: { city: "L'Aquila" },
  }),
  refused: () => ({ email: 'refused@example.test', gender: 9 }),
  oversized: () => ({ email: 'big@example.test', lastName: 'x'.repeat(2 * 1024 * 1024) }),
  mark: ({ email }) => String(email),
  arrived: async (twin) => (await twin.rows('nms:recipient')).map(({ email }) => String(email)),
  faults: httpFaults,
  feedback: {
    happened: (twin, { payload }) =>
      twin.addDeliveryLogs([{ email: String(payload['email']), status: 'sent' }]),
  },
  without: { contract: 'SOAP has no OpenAPI document' },
});
