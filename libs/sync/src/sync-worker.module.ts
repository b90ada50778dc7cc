import { Module } from '@nestjs/common';
import { ReplayLoop } from './replay/replay-loop';
import { SyncReconciler } from './sync-reconciler';
import { SyncModule } from './sync.module';
import { SyncProcessor } from './sync.processor';

/** Background work: runs are planned, and ended when everything in them is settled; dead letters are replayed. */
@Module({ imports: [SyncModule], providers: [SyncProcessor, SyncReconciler, ReplayLoop] })
export class SyncWorkerModule {}
