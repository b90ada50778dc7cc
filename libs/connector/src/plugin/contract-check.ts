import { Problem } from '@percorso/kernel';
import { contractOf } from '@percorso/plugin-kit';

/**
 * Whether this hub runs plugins of the contract that a manifest's `api` names.
 * @param status 422 for a package on its way in, 409 for one that is here: another release of the hub took it
 * @throws Problem `contract-too-old`, `contract-too-new` or `contract-unreadable`, naming the versions that are run
 */
export function assertContract(plugin: string, api: unknown, status: 422 | 409): void {
  const found = contractOf(api);
  if (!('code' in found)) return;
  const { code, message } = found;
  throw new Problem({
    status,
    code,
    title: 'The plugin speaks another version of the contract',
    detail: `${plugin}: its contract ${message}`,
    errors: [{ pointer: '/percorso/api', code, message }],
  });
}
