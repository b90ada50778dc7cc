import { Injectable, Logger } from '@nestjs/common';
import { BackgroundWorker } from '@percorso/storage';
import { EventArchiver } from './event-archiver';

const LOOK_MS = 3_600_000;

/** Lets older events leave PostgreSQL, every hour a step where there is one. */
@Injectable()
export class ArchiveWorker extends BackgroundWorker {
  private readonly logger = new Logger(ArchiveWorker.name);

  constructor(private readonly archiver: EventArchiver) {
    super();
    this.addLoop(ArchiveWorker.name, LOOK_MS, (stopping) => this.round(stopping));
  }

  private async round(stopping: () => boolean): Promise<void> {
    for (const partition of await this.archiver.turn(stopping))
      this.logger.log(`Partition ${partition} was dropped: its events are in ClickHouse only.`);
  }
}
