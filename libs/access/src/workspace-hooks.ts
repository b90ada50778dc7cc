import type { Transaction } from '@percorso/storage';

/** What a module does when a workspace appears or its settings change, inside the transaction that does it. */
export interface WorkspaceHook {
  created?(tx: Transaction, workspaceId: string): Promise<void>;
  changed?(tx: Transaction, workspaceId: string): Promise<void>;
}

/**
 * Injection token of the one list of hooks, `WorkspaceHook[]`. A module adds its own in its constructor:
 * `constructor(@Inject(WORKSPACE_HOOKS) hooks: WorkspaceHook[], service: X) { hooks.push(service); }`
 */
export const WORKSPACE_HOOKS = Symbol('WorkspaceHooks');
