import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import { BackgroundWorker, Database } from '@percorso/storage';
import { ComputationStore } from './computation.store';
import { ComputedTraitStore } from './computed-trait.store';
import { TraitComputer } from './trait-computer';

const LOOK_MS = 1000;
const CHECK_LOOK_MS = 60_000;
/** Every computed trait is held against its set this often. */
const CHECK_EVERY_MS = 3_600_000;
/** Checks a workspace starts at once, so that many traits do not crowd out what people wait for. */
const CHECKS = 5;

/** Computes new and edited traits for everybody, checks all of them again and again, and takes deleted ones away. */
@Injectable()
export class ComputedTraitWorker extends BackgroundWorker {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly traits: ComputedTraitStore,
    private readonly computations: ComputationStore,
    private readonly computer: TraitComputer,
  ) {
    super();
    this.addLoop('TraitComputer', LOOK_MS, (stopping) => this.workAll(stopping));
    this.addLoop('TraitCheck', CHECK_LOOK_MS, () => this.checkAll());
  }

  private async workAll(stopping: () => boolean): Promise<void> {
    for (const workspaceId of await this.database.workspaceIds()) {
      const { waiting, deleting } = await this.database.tx(workspaceId, async (tx) => ({
        waiting: await this.computations.waiting(tx),
        deleting: await this.traits.deleting(tx),
      }));
      for (const key of waiting) if (!stopping()) await this.computer.compute(workspaceId, key);
      for (const key of deleting) if (!stopping()) await this.computer.remove(workspaceId, key);
    }
  }

  private async checkAll(): Promise<void> {
    const before = new Date(this.clock.now().getTime() - CHECK_EVERY_MS);
    for (const workspaceId of await this.database.workspaceIds()) {
      await this.database.tx(workspaceId, (tx) => this.computations.askOverdue(tx, before, CHECKS));
    }
  }
}
