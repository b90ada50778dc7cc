import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONTRACT_VERSIONS, inNewestContract, type Plugin } from '@percorso/plugin-kit';
import { examine, httpFaults } from '@percorso/plugin-testkit';
import { extract } from 'tar';
import { inHost } from '../host/host-run';
import { FROZEN, frozenTarball, Rows } from './testing/frozen';

const [{ version }] = CONTRACT_VERSIONS;
const directory = mkdtempSync(join(tmpdir(), 'percorso-frozen-'));
mkdirSync(directory, { recursive: true });
const unpacking = extract({ cwd: directory, strip: 1, sync: true });
unpacking.end(frozenTarball(version as keyof typeof FROZEN));
afterAll(() => rmSync(directory, { recursive: true }));

const { default: old } = createRequire(__filename)(directory) as { default: Plugin };

// The plugin of the older contract, with the kit of its time, sits the exam of today in the process that a hub gives it.
examine(inNewestContract(old, version), {
  packageJson: join(directory, 'package.json'),
  run: inHost(directory),
  twin: () => new Rows().start(),
  settings: ({ url }) => ({ url, apiKey: 'secret-key', rows: 10 }),
  wrongCredentials: { apiKey: 'wrong' },
  unreachable: { url: 'http://127.0.0.1:1' },
  operation: 'upsert',
  payload: (n) => ({ email: `person${n}@example.test`, name: 'Ada' }),
  refused: () => ({ email: 'nobody', name: 'Ada' }),
  oversized: () => ({ email: 'big@example.test', name: 'x'.repeat(1000) }),
  mark: ({ email }) => String(email),
  arrived: async (twin) => twin.items.map(({ payload }) => payload.email),
  faults: httpFaults,
  receipts: { told: (twin, item, age) => twin.told(item, age), proof: 'x-proof', staleSeconds: 3600 },
  without: { contract: 'there is no vendor' },
});
