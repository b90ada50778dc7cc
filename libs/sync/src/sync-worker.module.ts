import { Module } from '@nestjs/common';
import { SyncReconciler } from './sync-reconciler';
import { SyncModule } from './sync.module';
import { SyncProcessor } from './sync.processor';

/** Background work: runs are planned, and ended when everything in them is settled. */
@Module({ imports: [SyncModule], providers: [SyncProcessor, SyncReconciler] })
export class SyncWorkerModule {}
