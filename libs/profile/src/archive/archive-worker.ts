import { BeforeApplicationShutdown, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { BackgroundLoop } from '@percorso/storage';
import { EventArchiver } from './event-archiver';

const LOOK_MS = 3_600_000;

/** Lets older events leave PostgreSQL, every hour a step where there is one. */
@Injectable()
export class ArchiveWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(ArchiveWorker.name);
  private readonly loop = new BackgroundLoop({
    name: ArchiveWorker.name,
    idleMs: LOOK_MS,
    turn: (stopping) => this.round(stopping),
  });

  constructor(private readonly archiver: EventArchiver) {}

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  private async round(stopping: () => boolean): Promise<void> {
    for (const partition of await this.archiver.turn(stopping))
      this.logger.log(`Partition ${partition} was dropped: its events are in ClickHouse only.`);
  }
}
