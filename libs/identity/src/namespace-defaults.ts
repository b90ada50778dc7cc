import { Inject, Injectable } from '@nestjs/common';
import { WORKSPACE_HOOKS, WorkspaceHook } from '@percorso/access';
import { Clock, CLOCK } from '@percorso/kernel';
import { Transaction } from '@percorso/storage';
import { insertDefaultNamespaces } from './namespace.store';

/** Gives each new workspace its namespaces. */
@Injectable()
export class NamespaceDefaults implements WorkspaceHook {
  constructor(
    @Inject(WORKSPACE_HOOKS) hooks: WorkspaceHook[],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    hooks.push(this);
  }

  created(tx: Transaction): Promise<void> {
    return insertDefaultNamespaces(tx, this.clock.now());
  }
}
