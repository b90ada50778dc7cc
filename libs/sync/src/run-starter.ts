import { Inject, Injectable } from '@nestjs/common';
import type { ConnectorDescription } from '@percorso/connector';
import { CLOCK, type Clock } from '@percorso/kernel';
import { MembershipLog } from '@percorso/segmentation';
import type { Transaction } from '@percorso/storage';
import type { Trigger } from './run.store';
import { defaultMode, MODE_RULES } from './sync-mode';
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
    const { everyRun, changes } = MODE_RULES[mode];
    const { epoch, pos } = await this.log.head(tx);
    // After a restore old positions mean nothing: read the members anew. Intents already recorded are not repeated.
    const snapshot = everyRun || sync.cursorEpoch !== epoch;
    return insertRun(
      tx,
      sync,
      {
        trigger,
        mode,
        snapshot,
        compares: !snapshot && changes && connector.kind === 'campaign' && trigger !== 'delta',
        fromPos: snapshot ? 0 : sync.cursorPos,
        toPos: pos,
      },
      this.clock.now(),
    );
  }
}
