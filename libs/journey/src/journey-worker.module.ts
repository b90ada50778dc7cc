import { DynamicModule, Module } from '@nestjs/common';
import { DeliveryModule } from '@percorso/delivery';
import { IngestModule } from '@percorso/ingest';
import { ProfileModule } from '@percorso/profile';
import { SegmentationModule } from '@percorso/segmentation';
import { JourneyModule } from './journey.module';
import { JourneyUsageLoop } from './journey/usage-loop';
import { CursorStore } from './runtime/intake/cursor.store';
import { HeldStore } from './runtime/intake/held.store';
import { DEFAULT_KEEPING, JOURNEY_KEEPING, JourneyHousekeeping } from './runtime/care/journey-housekeeping';
import { JourneyJobs } from './runtime/care/journey-jobs';
import { DEFAULT_PARTITIONS, JOURNEY_PARTITIONS, JourneyPartitions } from './runtime/care/journey-partitions';
import { JourneyTurns } from './runtime/journey-turns';
import { JourneyWorker } from './runtime/journey-worker';
import { LiveFacts } from './runtime/walk/live-facts';
import { LogReader } from './runtime/intake/log-reader';
import { MessagePlanner } from './runtime/walk/message-planner';
import { Outbox } from './runtime/keep/outbox';
import { PlanLoader } from './runtime/plan/plan-loader';
import { ReadScheduler } from './runtime/intake/read-scheduler';
import { ReadStore } from './runtime/intake/read.store';
import { StoodStill } from './runtime/intake/stood-still';
import { SubjectReader } from './runtime/intake/subject-reader';
import { TargetStore } from './runtime/walk/target.store';
import { TurnIntake } from './runtime/intake/turn-intake';
import { TurnReader } from './runtime/turn-reader';
import { TurnWalker } from './runtime/turn-walker';
import { TurnWriter } from './runtime/turn-writer';
import { HistoryStore } from './simulation/past/history.store';
import { PastEntries } from './simulation/past/past-entries';
import { SimulationJobs } from './simulation/job/simulation-jobs';
import { SimulationKeeping } from './simulation/job/simulation-keeping';
import { SimulationLoop } from './simulation/job/simulation-loop';
import { Simulator } from './simulation/walk/simulator';

export interface JourneyWorkerOptions {
  /** Partitions a workspace's persons are in at least, a power of two. */
  partitions?: number;
  /** Days that instances and their traces are kept once they have ended. */
  keepDays?: number;
}

/** Background work: whoever is on a journey moves. */
@Module({})
export class JourneyWorkerModule {
  static forRoot(options: JourneyWorkerOptions = {}): DynamicModule {
    const { partitions = DEFAULT_PARTITIONS, keepDays = DEFAULT_KEEPING.days } = options;
    return {
      module: JourneyWorkerModule,
      imports: [IngestModule, ProfileModule, SegmentationModule, DeliveryModule, JourneyModule],
      providers: [
        CursorStore,
        HeldStore,
        HistoryStore,
        JourneyHousekeeping,
        JourneyJobs,
        JourneyPartitions,
        JourneyTurns,
        JourneyUsageLoop,
        JourneyWorker,
        LiveFacts,
        LogReader,
        MessagePlanner,
        Outbox,
        PastEntries,
        PlanLoader,
        ReadScheduler,
        ReadStore,
        SimulationJobs,
        SimulationKeeping,
        SimulationLoop,
        Simulator,
        StoodStill,
        SubjectReader,
        TargetStore,
        TurnIntake,
        TurnReader,
        TurnWalker,
        TurnWriter,
        { provide: JOURNEY_PARTITIONS, useValue: partitions },
        { provide: JOURNEY_KEEPING, useValue: { days: keepDays } },
      ],
    };
  }
}
