import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, Clock } from '@percorso/kernel';
import { Database, Housekeeping } from '@percorso/storage';
import { HookStore } from './hook.store';

/** Longer than any provider repeats a receipt. */
const KEPT_HOURS = 30 * 24;

/** Forgets receipts taken more than thirty days ago. */
@Injectable()
export class ReceiptHousekeeping extends Housekeeping {
  constructor(
    database: Database,
    private readonly store: HookStore,
    @Inject(CLOCK) clock: Clock,
  ) {
    super(database, clock, KEPT_HOURS);
  }

  protected forgetSome(workspaceId: string, before: Date, limit: number): Promise<number> {
    return this.store.forget(workspaceId, before, limit);
  }
}
