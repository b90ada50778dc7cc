import type { ChdbNative, ChdbWritten } from './chdb-connection';
import type { ClickHouseRequest } from './clickhouse-request';

/** What a query gave: chunks as they come, and what is known of the work done. */
export interface ClickHouseAnswer {
  format: string;
  summary?: Record<string, string>;
  chunks: AsyncIterable<Uint8Array>;
}

// The engine formats every chunk of a stream on its own, so only formats without header or footer can be streamed.
const STREAMABLE = new Set(
  (
    'JSONEachRow JSONLines NDJSON JSONStringsEachRow JSONCompactEachRow JSONCompactStringsEachRow CSV TSV TabSeparated ' +
    'TSVRaw TabSeparatedRaw RowBinary Native LineAsString'
  )
    .toLowerCase()
    .split(' '),
);

/** Characters that are a query of permitted length in any case, however many bytes each takes. */
const PREAMBLE = 50_000;

/** Runs one request on a connection of its own, so settings, parameters and database never meet another request's. */
export async function* runRequest(
  native: ChdbNative,
  dataPath: string,
  request: ClickHouseRequest,
): AsyncGenerator<ClickHouseAnswer> {
  const connection = native.CreateConnection(dataPath);
  try {
    const preamble = preambleOf(request);
    if (preamble.length > PREAMBLE) {
      // A server has no limit for parameters; here they are part of a query.
      await native.QueryAsyncConnection(connection, `SET max_query_size = ${preamble.length * 4}`, 'Null');
    }
    if (preamble) await native.QueryAsyncConnection(connection, preamble, 'Null');
    yield await answer(native, connection, request);
  } finally {
    native.CloseConnection(connection);
  }
}

async function answer(
  native: ChdbNative,
  connection: unknown,
  request: ClickHouseRequest,
): Promise<ClickHouseAnswer> {
  const query = request.query.trim().replace(/;\s*$/, '');
  if (request.data) {
    const written = await native.InsertRawAsyncConnection(connection, query, request.data, false);
    return { format: request.defaultFormat, summary: writeSummary(written), chunks: nothing() };
  }
  if (/^INSERT\b/i.test(query) && !/\bSELECT\b/i.test(query.slice(0, 4096))) {
    const written = await native.InsertRawAsyncConnection(
      connection,
      '',
      Buffer.from(request.query.trimStart()),
      false,
    );
    return { format: request.defaultFormat, summary: writeSummary(written), chunks: nothing() };
  }
  const named = /\bFORMAT\s+(\w+)(?:\s+SETTINGS\b[^()]*)?$/i.exec(query)?.[1];
  const format = named ?? request.defaultFormat;
  if (/^(SELECT|WITH)\b/i.test(query) && STREAMABLE.has(format.toLowerCase())) {
    return { format, chunks: stream(native, connection, query, format) };
  }
  const result = await native.QueryAsyncConnection(connection, query, format);
  const summary = {
    read_rows: String(result.rowsRead),
    read_bytes: String(result.bytesRead),
    elapsed_ns: nanoseconds(result.elapsed),
  };
  return { format, summary, chunks: one(result.bytes) };
}

async function* stream(
  native: ChdbNative,
  connection: unknown,
  query: string,
  format: string,
): AsyncGenerator<Uint8Array> {
  const handle = native.StreamQuery(connection, query, format);
  let finished = false;
  try {
    for (;;) {
      const chunk = await native.StreamFetch(handle);
      if (chunk.done) break;
      if (chunk.bytes.length > 0) yield chunk.bytes;
    }
    finished = true;
  } catch (error) {
    finished = true;
    throw error;
  } finally {
    if (!finished) native.StreamCancel(handle);
  }
}

function preambleOf(request: ClickHouseRequest): string {
  const pairs = [
    ...request.settings.map(([name, value]) => `${quoteName(name)} = ${quoteText(value)}`),
    ...request.parameters.map(([name, value]) => `${quoteName(`param_${name}`)} = ${quoteText(value)}`),
    ...(request.readOnly ? ['readonly = 2'] : []),
  ];
  const use = request.database === 'default' ? [] : [`USE ${quoteName(request.database)}`];
  const set = pairs.length > 0 ? [`SET ${pairs.join(', ')}`] : [];
  return [...use, ...set].join('; ');
}

function writeSummary(written: ChdbWritten): Record<string, string> {
  return {
    read_rows: '0',
    read_bytes: '0',
    written_rows: String(written.rowsWritten),
    written_bytes: String(written.bytesWritten),
    total_rows_to_read: '0',
    result_rows: String(written.rowsWritten),
    result_bytes: String(written.bytesWritten),
    elapsed_ns: nanoseconds(written.elapsed),
  };
}

function nanoseconds(seconds: number): string {
  return String(Math.round(seconds * 1e9));
}

function quoteText(value: string): string {
  return `'${value.replace(/[\\']/g, '\\$&')}'`;
}

function quoteName(name: string): string {
  return `\`${name.replace(/[\\`]/g, '\\$&')}\``;
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
