import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inHost } from '@percorso/connector';
import { examine, startCampaignClassicTwin } from '@percorso/plugin-testkit';
import campaignClassic from '.';
import { CampaignClassicSettings } from './settings';

const journal = join(mkdtempSync(join(tmpdir(), 'percorso-acc-')), 'twin.ndjson');

examine(campaignClassic, {
  packageJson: join(__dirname, '..', 'package.json'),
  run: inHost(join(__dirname, '..')),
  twin: () => startCampaignClassicTwin({ journal, login: 'hub', password: 'correct horse' }),
  settings: ({ url }) => ({ ...new CampaignClassicSettings(), url, login: 'hub', password: 'correct horse' }),
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
  faults: {
    throttle: (twin, seconds) => twin.inject({ kind: 'http429', retryAfterSeconds: seconds }),
    throttleBare: (twin) => twin.inject({ kind: 'http429' }),
    unavailable: (twin) => twin.inject({ kind: 'http503' }),
    broken: (twin) => twin.inject({ kind: 'http500' }),
    slow: (twin, seconds = 0) => twin.inject({ kind: 'slow', ms: seconds * 1000 }),
    dropBefore: (twin) => twin.inject({ kind: 'dropBeforeAccept' }),
    dropAfter: (twin) => twin.inject({ kind: 'acceptThenDrop' }),
  },
});
