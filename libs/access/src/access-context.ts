import type { FastifyRequest } from 'fastify';

/** Who is calling: a workspace's key, or the operator of the instance with the root key. */
export interface AccessContext {
  /** `key:<id>`, or `root`; what audit rows name. */
  actor: string;
  /** Absent for the root key, which stands outside all workspaces. */
  workspaceId?: string;
  scopes: readonly string[];
  /** The presented secret; opens and seals answers kept for Idempotency-Key, and is never stored. */
  presented: string;
}

/** A request the guard has let pass carries its caller. */
export type AccessRequest = FastifyRequest & { access?: AccessContext };
