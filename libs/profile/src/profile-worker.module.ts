import { Module } from '@nestjs/common';
import { IdentityModule } from '@percorso/identity';
import { IngestModule } from '@percorso/ingest';
import { Applier } from './applier';
import { BatchApplier } from './apply-batch';
import { Eraser } from './erasure/eraser';
import { EraserWorker } from './erasure/eraser-worker';
import { LogReader } from './log-reader';
import { PolicyRollout } from './merge-policy/policy-rollout';
import { PolicyRolloutWorker } from './merge-policy/policy-rollout-worker';
import { ProfileModule } from './profile.module';
import { ProfileWorker } from './profile-worker';

/** Background work: the ingest log to profiles and events, those to ClickHouse. */
@Module({
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
  ],
  exports: [Applier, Eraser, PolicyRollout],
})
export class ProfileWorkerModule {}
