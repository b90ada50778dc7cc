export { SyncModule } from './sync.module';
export { SyncWorkerModule } from './sync-worker.module';
