import { StringDecoder } from 'node:string_decoder';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '@percorso/kernel';
import { readCsvLine } from './csv-line';

/** What a body of rows may be at most. */
export const ROW_LIMITS = { rows: 200_000, bytes: 64 * 1024 * 1024, lineBytes: 64 * 1024 } as const;

/** One line of the body: its values by name, or what is wrong with it. */
export interface Row {
  /** Counts from 1. */
  line: number;
  values?: Record<string, unknown>;
  mistake?: string;
}

/** No client sends it: a request for rows is given it, whatever it says of itself, so that no parser reads its body. */
const CONTENT_TYPE = 'application/x-percorso-rows';
const GIVEN = Symbol('the content type as it was sent');
const NDJSON = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];

/** The route reads its body by itself: `readRows`, row by row as it arrives (NDJSON or CSV), or `readBytes`. */
export const StreamsRows = (): MethodDecorator => RouteConfig({ streamsRows: true });

/** Must be called before routes are registered; all others stay as they are. */
export function registerRowStreams(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(CONTENT_TYPE, async () => undefined);
  fastify.addHook('onRoute', (route) => {
    if (!(route.config as { streamsRows?: boolean } | undefined)?.streamsRows) return;
    route.onRequest = async (request: FastifyRequest, _reply: FastifyReply): Promise<void> => {
      (request as { [GIVEN]?: string })[GIVEN] = request.headers['content-type'];
      request.headers['content-type'] = CONTENT_TYPE;
    };
  });
}

/** The rows of a request's body. @throws Problem 415 of another type, 413 beyond ROW_LIMITS, 400 of bytes that are no text */
export function readRows(request: FastifyRequest): AsyncGenerator<Row> {
  const [type = ''] = ((request as { [GIVEN]?: string })[GIVEN] ?? '').split(';');
  const format = type.trim().toLowerCase();
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' || (format !== 'text/csv' && !NDJSON.includes(format))) {
    throw unsupported('Send rows as text/csv or application/x-ndjson, not compressed.');
  }
  return rowsOf(request.raw, format === 'text/csv' ? 'csv' : 'ndjson');
}

/**
 * The whole body of a request to a route that `StreamsRows`, for one that takes bytes and no rows.
 * @throws Problem 415 of a type that is not among `types`, 413 beyond `maxBytes`
 */
export async function readBytes(request: FastifyRequest, types: string[], maxBytes: number): Promise<Buffer> {
  const [type = ''] = ((request as { [GIVEN]?: string })[GIVEN] ?? '').split(';');
  if (!types.includes(type.trim().toLowerCase()) || request.headers['content-encoding'] !== undefined)
    throw unsupported(`Send it as ${types.join(' or ')}, with no content encoding.`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.raw as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw new Problem({
        status: 413,
        code: 'too-large',
        title: 'Too large',
        detail: `A body of this route has ${maxBytes} bytes at most.`,
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The rows of any source of bytes. */
export async function* rowsOf(source: AsyncIterable<Buffer>, format: 'csv' | 'ndjson'): AsyncGenerator<Row> {
  let line = 0;
  let rows = 0;
  let header: string[] | undefined;
  for await (const text of linesOf(source)) {
    line += 1;
    if (text.trim() === '') continue;
    if (format === 'csv' && !header) {
      header = readCsvLine(line === 1 ? text.replace(/^\uFEFF/, '') : text)?.map((name) => name.trim());
      if (!header) throw malformed('The first line of CSV must name the columns.');
      continue;
    }
    if (++rows > ROW_LIMITS.rows) throw tooMuch(`${ROW_LIMITS.rows} rows`);
    yield { line, ...(header ? fromCsv(text, header) : fromJson(text)) };
  }
}

function fromCsv(text: string, header: readonly string[]): Omit<Row, 'line'> {
  const cells = readCsvLine(text);
  if (!cells) return { mistake: 'has a quote that does not end' };
  if (cells.length !== header.length) return { mistake: `has ${cells.length} of ${header.length} columns` };
  return { values: Object.fromEntries(header.map((name, index) => [name, cells[index]])) };
}

function fromJson(text: string): Omit<Row, 'line'> {
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === 'object' && !Array.isArray(value))
      return { values: value as Record<string, unknown> };
  } catch {
    // Told below.
  }
  return { mistake: 'is no JSON object' };
}

async function* linesOf(source: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let [bytes, rest] = [0, ''];
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > ROW_LIMITS.bytes) throw tooMuch(`${ROW_LIMITS.bytes} bytes`);
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > ROW_LIMITS.lineBytes) throw tooMuch(`${ROW_LIMITS.lineBytes} bytes a line`);
    for (const line of lines) yield line.replace(/\r$/, '');
  }
  rest += decoder.end();
  if (rest !== '') yield rest.replace(/\r$/, '');
}

const unsupported = (detail: string): Problem =>
  new Problem({ status: 415, code: 'unsupported-media-type', title: 'Unsupported media type', detail });

const tooMuch = (most: string): Problem =>
  new Problem({
    status: 413,
    code: 'too-large',
    title: 'Too large',
    detail: `A request takes ${most} at most; rows before that were taken. Send the others in further requests.`,
  });

const malformed = (detail: string): Problem =>
  new Problem({ status: 400, code: 'malformed', title: 'Malformed request', detail });
