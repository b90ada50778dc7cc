export {
  type Engine,
  EngineError,
  type EngineErrorCode,
  type EngineName,
  type EngineOptions,
  ENGINE_TITLES,
} from './engine';
export { DEFAULT_DATA_DIR, type Engines, type EnginesOptions, startEngines } from './engines';
export { type PostgresOptions, startPostgres } from './postgres';
export { startClickHouse } from './clickhouse';
export { type RedisOptions, startRedis } from './redis';
export { checkUrl, checkUrls, type EngineUrls } from './probe';
export { MINIMUM_VERSIONS } from './versions';
export { shareTestEngines, startTestEngines, type TestEngines } from './test-engines';
export { startTestRedisCluster, type TestRedisCluster } from './test-redis-cluster';
export { startTestShards, type TestShards } from './test-shards';
export { tieToParent } from './tie-to-parent';
export { libraryFolders, unpackDebianPackage } from './debian-packages';
