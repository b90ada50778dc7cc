import { CAPABILITIES, KINDS, type Plugin } from '../plugin';
import type { ContractVersion } from './contract-version';
import { v1_1 } from './v1-1';

/** The contract as this kit writes it: the newest, and what runs inside the hub. */
const v1_2: ContractVersion = { version: '1.2', kinds: KINDS, capabilities: CAPABILITIES };

/** All versions that a hub runs, oldest first: N−1 and N. How the next one is made: docs/decisions/0025. */
export const CONTRACT_VERSIONS = [v1_1, v1_2] as const satisfies readonly ContractVersion[];

/** The contract's version, N. */
export const API_VERSION = v1_2.version;

/** Why plugins of a version are not run, in words for the admin. */
export interface ContractRefusal {
  code: 'contract-too-old' | 'contract-too-new' | 'contract-unreadable';
  message: string;
}

/** The version that a manifest's `api` names (`1.2` or `^1.2`: what the plugin is written for), or why it is not run. */
export function contractOf(api: unknown): ContractVersion | ContractRefusal {
  const named = typeof api === 'string' ? /^\^?(\d{1,4})\.(\d{1,4})$/.exec(api) : null;
  if (!named)
    return { code: 'contract-unreadable', message: 'must name a version of the contract, such as "^1.2"' };
  const wanted: Pair = [Number(named[1]), Number(named[2])];
  const version = wanted.join('.');
  const found = CONTRACT_VERSIONS.find((one) => one.version === version);
  if (found) return found;
  const range = `This hub runs plugins of contract ${CONTRACT_VERSIONS.map((one) => one.version).join(' and ')}`;
  return isOlder(wanted, pairOf(API_VERSION))
    ? {
        code: 'contract-too-old',
        message: `${String(api)} is too old. ${range}: build the plugin with a newer kit, or install a newer version of it.`,
      }
    : {
        code: 'contract-too-new',
        message: `${String(api)} is too new. ${range}: upgrade the hub, or install an older version of the plugin.`,
      };
}

/** A plugin written for the version that `api` names, as one of the newest. @throws TypeError for a version not run */
export function inNewestContract(plugin: Plugin, api: string): Plugin {
  const contract = contractOf(api);
  if ('code' in contract) throw new TypeError(contract.message);
  const later: readonly ContractVersion[] = CONTRACT_VERSIONS.slice(
    CONTRACT_VERSIONS.findIndex(({ version }) => version === contract.version),
  );
  return later.reduce((adapted, { toNext }) => toNext?.(adapted) ?? adapted, plugin);
}

type Pair = [major: number, minor: number];

const pairOf = (version: string): Pair => version.split('.').map(Number) as Pair;

const isOlder = ([major, minor]: Pair, [otherMajor, otherMinor]: Pair): boolean =>
  major < otherMajor || (major === otherMajor && minor < otherMinor);
