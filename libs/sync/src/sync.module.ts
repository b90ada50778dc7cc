import { BullModule } from '@nestjs/bull';
import { Inject, Module } from '@nestjs/common';
import { DeliveryModule } from '@percorso/delivery';
import { ProfileModule } from '@percorso/profile';
import { AUDIENCE_USERS, type AudienceUser, SegmentationModule } from '@percorso/segmentation';
import { DeadLetterController } from './dead-letter.controller';
import { DeadLetters } from './dead-letters';
import { DryRun } from './dry-run';
import { ErasureRemovals } from './erasure-removals';
import { MappingController } from './mapping.controller';
import { MappingTrial } from './mapping-trial';
import { MappingService } from './mapping.service';
import { PlanPump } from './plan-pump';
import { Planner } from './planner';
import { DEFAULT_PROGRESS, PROGRESS_OPTIONS, ProgressStreams } from './progress-streams';
import { ReplanScopes } from './replan-scopes';
import { Replanner } from './replanner';
import { ReplayController } from './replay/replay.controller';
import { ReplayWork } from './replay/replay-work';
import { Replays } from './replay/replays';
import { RunControl } from './run-control';
import { RunController } from './run.controller';
import { RunService } from './run.service';
import { RunStarter } from './run-starter';
import { SyncController } from './sync.controller';
import { SYNC_QUEUE, SyncQueue } from './sync.queue';
import { SyncedAudiences } from './synced-audiences';
import { SyncService } from './sync.service';
import { Triggers } from './triggers';
import { UsageCheck } from './usage-check';
import { UsageGuard } from './usage-guard';

/** Mappings, syncs and their runs. */
@Module({
  imports: [
    ProfileModule,
    SegmentationModule,
    DeliveryModule,
    BullModule.registerQueue({ name: SYNC_QUEUE }),
  ],
  controllers: [MappingController, SyncController, RunController, ReplayController, DeadLetterController],
  providers: [
    MappingService,
    MappingTrial,
    SyncService,
    RunService,
    Planner,
    PlanPump,
    SyncQueue,
    RunStarter,
    DeadLetters,
    Replanner,
    ReplanScopes,
    Replays,
    ReplayWork,
    DryRun,
    RunControl,
    ProgressStreams,
    { provide: PROGRESS_OPTIONS, useValue: DEFAULT_PROGRESS },
    Triggers,
    ErasureRemovals,
    UsageCheck,
    UsageGuard,
    SyncedAudiences,
  ],
  exports: [ErasureRemovals, PlanPump, Replays, ReplayWork, RunControl, SyncQueue, Triggers, UsageGuard],
})
export class SyncModule {
  constructor(@Inject(AUDIENCE_USERS) users: AudienceUser[], synced: SyncedAudiences) {
    users.push(synced);
  }
}
