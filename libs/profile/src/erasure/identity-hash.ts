import { keyedHash } from '@percorso/access';
import { Claim } from '@percorso/identity';

/** What stands for an identity once it is erased; 32 bytes that tell nothing without the hub's secret. */
export const identityHash = (workspaceId: string, { namespace, value }: Claim): Buffer =>
  keyedHash(workspaceId, `${namespace}\u0000${value}`);

/** Hashes in a form that sets compare. */
export const hashText = (hash: Buffer): string => hash.toString('base64url');
