import 'reflect-metadata';
import { SyncWorkerModule } from '../sync-worker.module';
import { type HubOptions, startSyncHub } from './sync-hub';

/** A hub that works on syncs, in a process that a spec may kill: `node replay-process.js <HubOptions as JSON>`. */
void startSyncHub(JSON.parse(process.argv[2] ?? '{}') as HubOptions, [SyncWorkerModule]);
