import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { ChdbNative } from './chdb-connection';
import { ClickHouseFailure, failureOf } from './clickhouse-failure';
import { type ClickHouseAnswer, runRequest } from './clickhouse-query';
import { type ClickHouseRequest, readRequest } from './clickhouse-request';

export interface HttpOptions {
  native: ChdbNative;
  dataPath: string;
  user: string;
  password: string;
  /** Told in headers and exceptions, as a server tells its own. */
  version: string;
}

const MAX_URL_BYTES = 1024 * 1024;
const BINARY_FORMATS = /^(native|rowbinary|parquet|arrow|orc|avro|protobuf|msgpack)/i;

/** ClickHouse's HTTP interface over one chdb data folder. */
export function createClickHouseServer(options: HttpOptions): Server {
  const server = createServer({ maxHeaderSize: MAX_URL_BYTES, keepAliveTimeout: 10_000, requestTimeout: 0 });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const exceptionTag = randomBytes(8).toString('hex');
    void handle(options, request, response, exceptionTag).catch((error: unknown) => {
      fail(options, response, failureOf(error), exceptionTag);
    });
  });
  return server;
}

async function handle(
  options: HttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
  exceptionTag: string,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const probe = request.method === 'GET' && !url.searchParams.has('query');
  if (probe && ['/', '/ping', '/replicas_status'].includes(url.pathname)) {
    response.end('Ok.\n');
    return;
  }
  authenticate(options, request, url);
  const query = await readRequest(request, url, randomUUID);
  response.setHeader('X-ClickHouse-Query-Id', query.queryId);
  response.setHeader('X-ClickHouse-Server-Display-Name', 'percorso');
  response.setHeader('X-ClickHouse-Timezone', 'UTC');
  for await (const answer of runRequest(options.native, options.dataPath, query)) {
    await send(response, query, answer, exceptionTag);
  }
}

// The status is sent with the first rows: an error before them still gets its own.
async function send(
  response: ServerResponse,
  query: ClickHouseRequest,
  answer: ClickHouseAnswer,
  exceptionTag: string,
): Promise<void> {
  const chunks = answer.chunks[Symbol.asyncIterator]();
  const first = await chunks.next();
  response.statusCode = 200;
  response.setHeader('X-ClickHouse-Format', answer.format);
  response.setHeader('X-ClickHouse-Exception-Tag', exceptionTag);
  response.setHeader('Content-Type', contentType(answer.format));
  if (answer.summary) response.setHeader('X-ClickHouse-Summary', JSON.stringify(answer.summary));
  if (first.done) {
    response.end();
    return;
  }
  const rows = Readable.from(chained(first.value, chunks, exceptionTag), {
    objectMode: false,
    highWaterMark: 1,
  });
  const gzip: Writable[] = [];
  if (query.compressResponse) {
    response.setHeader('Content-Encoding', 'gzip');
    gzip.push(createGzip());
  }
  // A client that hangs up ends the query; nobody is left to be told.
  await pipeline([rows, ...gzip, response]).catch(() => response.destroy());
}

// Once rows are on their way an exception can only follow them, in ClickHouse's frame around it.
async function* chained(
  first: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
  exceptionTag: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield first;
    for (;;) {
      const next = await rest.next();
      if (next.done) return;
      yield next.value;
    }
  } catch (error) {
    const message = `${failureOf(error).message}\n`;
    const frame = `\r\n__exception__\r\n${exceptionTag}\r\n${message}${Buffer.byteLength(message)} ${exceptionTag}\r\n__exception__\r\n`;
    yield Buffer.from(frame);
  } finally {
    await rest.return?.();
  }
}

function fail(
  options: HttpOptions,
  response: ServerResponse,
  failure: ClickHouseFailure,
  exceptionTag: string,
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  for (const name of ['Content-Encoding', 'X-ClickHouse-Summary']) response.removeHeader(name);
  response.writeHead(failure.status, {
    'Content-Type': 'text/plain; charset=UTF-8',
    'X-ClickHouse-Exception-Code': String(failure.code),
    'X-ClickHouse-Exception-Tag': exceptionTag,
  });
  response.end(failure.body(options.version));
}

function authenticate(options: HttpOptions, request: IncomingMessage, url: URL): void {
  const { user, password } = credentials(request, url);
  if (sameText(user, options.user) && sameText(password, options.password)) return;
  throw new ClickHouseFailure(
    516,
    'AUTHENTICATION_FAILED',
    `${user || 'default'}: Authentication failed: password is incorrect, or there is no user with such name.`,
  );
}

function credentials(request: IncomingMessage, url: URL): { user: string; password: string } {
  const basic = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (basic) {
    const text = Buffer.from(basic, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    return { user: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  return {
    user: String(request.headers['x-clickhouse-user'] ?? url.searchParams.get('user') ?? ''),
    password: String(request.headers['x-clickhouse-key'] ?? url.searchParams.get('password') ?? ''),
  };
}

function sameText(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

function contentType(format: string): string {
  if (BINARY_FORMATS.test(format)) return 'application/octet-stream';
  if (/^(json$|jsoncompact$|jsonstrings$|jsoncolumns)/i.test(format))
    return 'application/json; charset=UTF-8';
  if (/^(json|ndjson)/i.test(format)) return 'application/x-ndjson; charset=UTF-8';
  if (/^csv/i.test(format)) return 'text/csv; charset=UTF-8';
  return 'text/tab-separated-values; charset=UTF-8';
}
