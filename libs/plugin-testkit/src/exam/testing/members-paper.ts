import type { Paper } from '../paper';
import { httpFaults } from '../http-faults';
import members from './members-plugin';
import { MembersProvider } from './members-provider';

export const manifest = (id: string, capabilities: string[], rest: object = {}): object => ({
  keywords: ['percorso-plugin'],
  percorso: {
    ...{ id, name: id, kind: 'messaging', api: '^1.2', settingsVersion: 1, capabilities },
    ...{ channel: 'sms', addressPointer: '/to', egress: [{ setting: 'url' }], ...rest },
  },
});

export type MembersSettings = InstanceType<typeof members.settings>;
export type MembersPaper = Omit<Paper<MembersSettings, MembersProvider>, 'plugin'>;

const CAPABILITIES = ['upsert', 'remove', 'call', 'lookup', 'receipts', 'feedback'];

/** The paper of the plugin that has everything; `document` is the file that holds its vendor's OpenAPI document. */
export const membersPaper = (document: string | undefined): MembersPaper => ({
  packageJson: manifest('members', CAPABILITIES, { kind: 'campaign', channel: 'email' }),
  twin: () => new MembersProvider().start(),
  settings: ({ url }) => ({ url, apiKey: 'secret-key' }),
  wrongCredentials: { apiKey: 'wrong' },
  unreachable: { url: 'http://127.0.0.1:1' },
  operation: 'upsert',
  payload: (n) => ({ email: `person${n}@example.test`, name: 'Ada' }),
  refused: () => ({ email: 'nobody', name: 'Ada' }),
  oversized: () => ({ email: 'big@example.test', name: 'x'.repeat(2000) }),
  mark: ({ email }) => String(email),
  arrived: async (twin) => twin.members.map(({ email }) => email),
  faults: httpFaults,
  call: {
    payload: (n) => ({ email: `${'x'.repeat(n)}@example.test` }),
    response: ({ email }) => ({ points: String(email).length }),
    refused: () => ({ email: 'nobody' }),
  },
  receipts: { told: (twin, item, age) => twin.told(item, age), proof: 'x-proof', staleSeconds: 3600 },
  feedback: { happened: (twin, item) => twin.happened(item) },
  contract: { document, calls: async ({ calls }) => calls },
});
