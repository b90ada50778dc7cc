import { contractOf } from './contract/versions';
import { CAPABILITIES, KINDS, type CapabilityName, type PluginKind } from './plugin';

/**
 * A place the plugin may connect to: `api.vendor.test` (port 443), `api.vendor.test:8443`, `*.vendor.test`, or a setting
 * that holds a host or a URL; `port` names a setting, or is the port itself.
 */
export type Egress = string | { setting: string; port?: number | { setting: string } };

/** What package.json says under `percorso`; read without running code. */
export interface PluginManifest {
  id: string;
  name: string;
  kind: PluginKind;
  /** The contract version it is written for, e.g. `^1.2`. */
  api: string;
  /** Raised when stored settings need another shape. */
  settingsVersion: number;
  capabilities: CapabilityName[];
  channel?: string;
  /** Where the payload holds the address that consent and suppression are checked for, e.g. `/to`. */
  addressPointer?: string;
  /**
   * The payload fields that together name a record at the target, as a comma list of paths such as `/email`, or a setting
   * that holds one. Lets the hub tell whether two profiles share a record.
   */
  recordKey?: string | { setting: string };
  /** Pointers into the payload without which a row is not worth sending, e.g. `/email`; the address is one anyway. */
  required?: string[];
  egress: Egress[];
}

export const PLUGIN_KEYWORD = 'percorso-plugin';

/** The manifest, or what is wrong with it; undefined when the package is no plugin. */
export function parseManifest(
  packageJson: unknown,
): { manifest: PluginManifest } | { errors: string[] } | undefined {
  if (!isRecord(packageJson) || !Array.isArray(packageJson['keywords'])) return undefined;
  if (!packageJson['keywords'].includes(PLUGIN_KEYWORD)) return undefined;
  const given = packageJson['percorso'];
  if (!isRecord(given)) return { errors: ['"percorso" must hold the manifest'] };
  const contract = contractOf(given['api']);
  const errors = RULES.flatMap(([field, holds, rule]) =>
    holds(given[field]) ? [] : [`percorso.${field} must be ${rule}`],
  );
  if ('code' in contract) {
    const error = `percorso.api ${contract.message}`;
    // What another version's manifest says besides, only that version can judge.
    return { errors: contract.code === 'contract-unreadable' ? [...errors, error] : [error] };
  }
  if (errors.length === 0) {
    const { kind, capabilities } = given as unknown as PluginManifest;
    for (const name of capabilities)
      if (!contract.capabilities.includes(name))
        errors.push(`percorso.capabilities: contract ${contract.version} has no ${name}; raise percorso.api`);
    if (!contract.kinds.includes(kind))
      errors.push(`percorso.kind: contract ${contract.version} has no ${kind}; raise percorso.api`);
  }
  if (given['kind'] === 'messaging' && typeof given['addressPointer'] !== 'string') {
    errors.push('percorso.addressPointer is needed by a messaging plugin');
  }
  if (given['kind'] === 'messaging' && typeof given['channel'] !== 'string') {
    errors.push('percorso.channel is needed by a messaging plugin');
  }
  return errors.length > 0 ? { errors } : { manifest: given as unknown as PluginManifest };
}

type Rule = [field: keyof PluginManifest, holds: (value: unknown) => boolean, rule: string];

const POINTER = /^(\/([^/~]|~[01])*)+$/;
const HOST = /^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?$/;

const RULES: Rule[] = [
  ['id', (value) => typeof value === 'string' && /^[a-z][a-z0-9-]{1,63}$/.test(value), 'a kebab-case id'],
  ['name', (value) => typeof value === 'string' && value.length > 0, 'a name'],
  ['kind', (value) => KINDS.includes(value as never), `one of ${KINDS.join(', ')}`],
  ['settingsVersion', (value) => Number.isInteger(value) && Number(value) >= 1, 'a whole number from 1'],
  [
    'capabilities',
    (value) =>
      Array.isArray(value) && value.length > 0 && value.every((name) => CAPABILITIES.includes(name as never)),
    `a list out of ${CAPABILITIES.join(', ')}`,
  ],
  ['channel', (value) => value === undefined || typeof value === 'string', 'a channel such as "email"'],
  [
    'addressPointer',
    (value) => value === undefined || (typeof value === 'string' && POINTER.test(value)),
    'an RFC 6901 pointer',
  ],
  [
    'recordKey',
    (value) =>
      value === undefined ||
      (typeof value === 'string' && value !== '') ||
      (isRecord(value) && typeof value['setting'] === 'string'),
    'a comma list of paths or a {setting} reference',
  ],
  [
    'required',
    (value) =>
      value === undefined ||
      (Array.isArray(value) && value.every((one) => typeof one === 'string' && POINTER.test(one))),
    'a list of RFC 6901 pointers',
  ],
  [
    'egress',
    (value) => Array.isArray(value) && value.every(isEgress),
    'a list of hosts or {setting} references',
  ],
];

function isEgress(value: unknown): boolean {
  if (typeof value === 'string') return HOST.test(value);
  if (!isRecord(value) || typeof value['setting'] !== 'string') return false;
  const port = value['port'];
  return (
    port === undefined || Number.isInteger(port) || (isRecord(port) && typeof port['setting'] === 'string')
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
