import { Inject, Injectable } from '@nestjs/common';
import type { ConnectorDescription } from '@percorso/connector';
import { CLOCK, type Clock } from '@percorso/kernel';
import { MembershipLog } from '@percorso/segmentation';
import type { Transaction } from '@percorso/storage';
import { readingOf } from './reading';
import type { Trigger } from './run.store';
import { defaultMode } from './sync-mode';
import { insertRun, type SyncRow } from './sync.store';

/** Opens runs, whatever began them. */
@Injectable()
export class RunStarter {
  constructor(
    private readonly log: MembershipLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Open a run over everything the log holds now, of a sync that is locked; undefined when one is open. */
  async open(
    tx: Transaction,
    sync: SyncRow,
    trigger: Trigger,
    connector: ConnectorDescription,
  ): Promise<string | undefined> {
    const mode = sync.mode ?? defaultMode(connector);
    // Intents already recorded are not repeated, whatever is read again.
    const reading = readingOf(sync, mode, connector, await this.log.head(tx), trigger);
    return insertRun(tx, sync, { trigger, mode, ...reading }, this.clock.now());
  }
}
