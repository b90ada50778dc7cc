import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, Clock } from '@percorso/kernel';
import { Database, Housekeeping } from '@percorso/storage';
import { IdempotencyStore } from './idempotency.store';

/** Forgets kept answers older than a day and an hour, the operator's own among them. */
@Injectable()
export class IdempotencyHousekeeping extends Housekeeping {
  constructor(
    database: Database,
    private readonly store: IdempotencyStore,
    @Inject(CLOCK) clock: Clock,
  ) {
    super(database, clock, 25);
  }

  protected override async places(): Promise<(string | undefined)[]> {
    return [undefined, ...(await super.places())];
  }

  protected forgetSome(workspaceId: string | undefined, before: Date, limit: number): Promise<number> {
    return this.store.forget(workspaceId, before, limit);
  }
}
