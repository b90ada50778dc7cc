export { Database, isUnavailable, type DatabaseOptions } from './database';
export { Transaction } from './transaction';
export type { CopyValue } from './copy';
export type { Schema } from './schema';
export { CLICKHOUSE_DATABASE, connectClickHouse } from './clickhouse';
export { migrate } from './migrate';
export { CLICKHOUSE, StorageModule, type StorageOptions } from './storage.module';
