import { DynamicModule, Module } from '@nestjs/common';
import { ProfileModule } from '@percorso/profile';
import { ComputedTraitWorker } from './computed-trait/computed-trait-worker';
import { EvaluationProcessor } from './evaluation/evaluation.processor';
import { SegmentationModule } from './segmentation.module';
import { SegmentationWorker } from './segmentation-worker';
import { DEFAULT_PARTITIONS, STREAM_PARTITIONS, StreamPartitions } from './stream/stream-partitions';

export interface SegmentationWorkerOptions {
  /** Partitions a workspace's persons are in at least, a power of two. */
  partitions?: number;
}

/** Background work: evaluations, and the order of the membership log. */
@Module({})
export class SegmentationWorkerModule {
  static forRoot({ partitions = DEFAULT_PARTITIONS }: SegmentationWorkerOptions = {}): DynamicModule {
    return {
      module: SegmentationWorkerModule,
      imports: [ProfileModule, SegmentationModule],
      providers: [
        EvaluationProcessor,
        SegmentationWorker,
        ComputedTraitWorker,
        StreamPartitions,
        { provide: STREAM_PARTITIONS, useValue: partitions },
      ],
    };
  }
}
