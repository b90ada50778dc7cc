import { DynamicModule, Module } from '@nestjs/common';
import { IdentityModule } from '@percorso/identity';
import { IngestModule } from '@percorso/ingest';
import { ArchiveWorker } from './archive/archive-worker';
import { EVENT_DAYS, EventArchiver } from './archive/event-archiver';
import { Applier } from './applier';
import { BatchApplier } from './apply-batch';
import { Eraser } from './erasure/eraser';
import { EraserWorker } from './erasure/eraser-worker';
import { LogReader } from './log-reader';
import { PolicyRollout } from './merge-policy/policy-rollout';
import { PolicyRolloutWorker } from './merge-policy/policy-rollout-worker';
import { ProfileModule } from './profile.module';
import { ProfileWorker } from './profile-worker';

export interface ProfileWorkerOptions {
  /** Days that PostgreSQL keeps events; older ones live in ClickHouse only. @default all */
  eventDays?: number;
}

/** Background work: the ingest log to profiles and events, those to ClickHouse. */
@Module({})
export class ProfileWorkerModule {
  static forRoot({ eventDays }: ProfileWorkerOptions = {}): DynamicModule {
    return {
      module: ProfileWorkerModule,
      imports: [IdentityModule, IngestModule, ProfileModule],
      providers: [
        LogReader,
        BatchApplier,
        Applier,
        ProfileWorker,
        Eraser,
        EraserWorker,
        PolicyRollout,
        PolicyRolloutWorker,
        { provide: EVENT_DAYS, useValue: eventDays },
        EventArchiver,
        ArchiveWorker,
      ],
      exports: [Applier, Eraser, PolicyRollout, EventArchiver],
    };
  }
}
