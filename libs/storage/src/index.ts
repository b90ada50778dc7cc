export { Database, isUnavailable, type DatabaseOptions } from './database';
export { Transaction } from './transaction';
export type { RowValue } from './insert-rows';
export type { Schema } from './schema';
export { CLICKHOUSE_DATABASE, connectClickHouse } from './clickhouse';
export { migrate } from './migrate';
export { CLICKHOUSE, StorageModule, type StorageOptions } from './storage.module';
export { BackgroundLoop } from './background-loop';
export { WakeQueue, type WakeUp } from './wake-queue';
