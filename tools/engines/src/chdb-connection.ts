import { createRequire } from 'node:module';
import { EngineError } from './engine';

/**
 * The native addon under chdb. chdb's own Session closes behind every query of the process and passes parameters one
 * query at a time; one native connection per request has neither cost (0.6 ms to open and close).
 */
export interface ChdbNative {
  CreateConnection(path: string, words?: string[]): unknown;
  CloseConnection(connection: unknown): void;
  QueryAsyncConnection(connection: unknown, sql: string, format: string): Promise<ChdbResult>;
  InsertRawAsyncConnection(
    connection: unknown,
    query: string,
    data: Buffer,
    countLines: boolean,
  ): Promise<ChdbWritten>;
  StreamQuery(connection: unknown, sql: string, format: string): unknown;
  StreamFetch(stream: unknown): Promise<ChdbChunk>;
  StreamCancel(stream: unknown): void;
}

export interface ChdbResult {
  bytes: Uint8Array;
  elapsed: number;
  rowsRead: number;
  bytesRead: number;
}

export interface ChdbWritten {
  elapsed: number;
  rowsWritten: number;
  bytesWritten: number;
}

export interface ChdbChunk {
  done: boolean;
  bytes: Uint8Array;
}

const PLATFORM_PACKAGES: Record<string, string> = {
  'darwin-arm64': '@chdb/lib-darwin-arm64',
  'darwin-x64': '@chdb/lib-darwin-x64',
  'linux-x64': '@chdb/lib-linux-x64-gnu',
  'linux-arm64': '@chdb/lib-linux-arm64-gnu',
};

/** @throws EngineError `not-installed` where chdb has no build for this system. */
export function loadChdb(): ChdbNative {
  const platform = `${process.platform}-${process.arch}`;
  const name = PLATFORM_PACKAGES[platform];
  try {
    if (!name) throw new EngineError('clickhouse', 'not-installed', `chdb has no build for ${platform}`);
    return createRequire(require.resolve('chdb'))(name) as ChdbNative;
  } catch (error) {
    const cause = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new EngineError(
      'clickhouse',
      'not-installed',
      `ClickHouse's library (npm package chdb) cannot be used: ${cause}. Run npm install, or set CLICKHOUSE_URL to a ClickHouse 24.8 or newer.`,
    );
  }
}

/** Opens the data folder; the returned connection must stay open as long as any other is wanted. */
export async function openData(native: ChdbNative, path: string, waitMs: number): Promise<unknown> {
  const end = Date.now() + waitMs;
  for (;;) {
    try {
      return native.CreateConnection(path);
    } catch (error) {
      // A killed predecessor's lock goes with its last thread.
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
