import { Module } from '@nestjs/common';
import { ProfileModule } from '@percorso/profile';
import { EvaluationProcessor } from './evaluation/evaluation.processor';
import { SegmentationModule } from './segmentation.module';
import { SegmentationWorker } from './segmentation-worker';

/** Background work: evaluations, and the order of the membership log. */
@Module({
  imports: [ProfileModule, SegmentationModule],
  providers: [EvaluationProcessor, SegmentationWorker],
})
export class SegmentationWorkerModule {}
