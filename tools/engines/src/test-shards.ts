import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startClickHouse } from './clickhouse';

export interface TestShards {
  /** One ClickHouse server each, empty, in the order of the shards. */
  urls: string[];
  stop(): Promise<void>;
}

/** Embedded ClickHouse servers of this caller's own, each with a data folder of its own. */
export async function startTestShards(count: number): Promise<TestShards> {
  const folder = mkdtempSync(join(tmpdir(), 'percorso-shards-'));
  const engines = await Promise.all(
    Array.from({ length: count }, (_, index) => startClickHouse({ dataDir: join(folder, String(index)) })),
  );
  return {
    urls: engines.map((engine) => engine.url),
    stop: async () => {
      await Promise.all(engines.map((engine) => engine.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
