import type { IncomingMessage } from 'node:http';
import { gunzip, inflate, brotliDecompress } from 'node:zlib';
import { promisify } from 'node:util';
import { ClickHouseFailure } from './clickhouse-failure';

/** One query as ClickHouse's HTTP interface takes it. */
export interface ClickHouseRequest {
  /** From the URL, or the whole body when the URL has none. */
  query: string;
  /** Rows of an INSERT, when the query came in the URL. */
  data?: Buffer;
  database: string;
  queryId: string;
  settings: [name: string, value: string][];
  parameters: [name: string, value: string][];
  defaultFormat: string;
  compressResponse: boolean;
  readOnly: boolean;
}

const NOT_SETTINGS = new Set(
  (
    'query query_id database default_format user password quota_key role session_id session_timeout session_check ' +
    'enable_http_compression wait_end_of_query buffer_size compress decompress stacktrace ' +
    'add_http_cors_header http_zlib_compression_level send_progress_in_http_headers'
  ).split(' '),
);

const INFLATE: Record<string, (body: Buffer) => Promise<Buffer>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

export async function readRequest(
  request: IncomingMessage,
  url: URL,
  newQueryId: () => string,
): Promise<ClickHouseRequest> {
  const search = url.searchParams;
  const fields = [...search];
  const body = await decoded(request, await readBody(request));
  const type = request.headers['content-type'] ?? '';
  let query = search.get('query') ?? '';
  let data: Buffer | undefined;
  if (type.startsWith('multipart/form-data')) {
    for (const [name, value] of await readForm(body, type)) {
      if (name === 'query') query += value;
      else fields.push([name, value]);
    }
  } else if (query.trim() === '') {
    query = body.toString('utf8');
  } else if (body.length > 0) {
    data = body;
  }
  if (query.trim() === '') throw new ClickHouseFailure(62, 'SYNTAX_ERROR', 'Empty query');
  if (search.has('session_id')) {
    throw new ClickHouseFailure(48, 'NOT_IMPLEMENTED', 'Sessions are not supported by the embedded engine');
  }
  return {
    query,
    data,
    database: search.get('database') || String(request.headers['x-clickhouse-database'] ?? 'default'),
    queryId: search.get('query_id') || newQueryId(),
    settings: fields.filter(([name]) => !name.startsWith('param_') && !NOT_SETTINGS.has(name)),
    parameters: fields
      .filter(([name]) => name.startsWith('param_'))
      .map(([name, value]) => [name.slice(6), value]),
    defaultFormat:
      search.get('default_format') || String(request.headers['x-clickhouse-format'] ?? 'TabSeparated'),
    compressResponse:
      search.get('enable_http_compression') === '1' &&
      /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? '')),
    readOnly: request.method === 'GET',
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

async function decoded(request: IncomingMessage, body: Buffer): Promise<Buffer> {
  const encoding = request.headers['content-encoding'];
  if (!encoding || encoding === 'identity' || body.length === 0) return body;
  const inflateBody = INFLATE[encoding];
  if (!inflateBody) {
    throw new ClickHouseFailure(
      48,
      'NOT_IMPLEMENTED',
      `Content-Encoding ${encoding} is not supported by the embedded engine`,
    );
  }
  try {
    return await inflateBody(body);
  } catch {
    throw new ClickHouseFailure(354, 'ZLIB_INFLATE_FAILED', `The request body is not valid ${encoding}`);
  }
}

async function readForm(body: Buffer, type: string): Promise<[string, string][]> {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  const fields: [string, string][] = [];
  for (const [name, value] of form)
    fields.push([name, typeof value === 'string' ? value : await value.text()]);
  return fields;
}
