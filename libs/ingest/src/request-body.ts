import { isUtf8 } from 'node:buffer';
import { tooLarge, unreadable } from './ingest-problems';
import { parseIsoTime } from './iso-time';
import { elementSpans, memberSpans, MemberSpan, valueStart } from './json-spans';
import { MAX_BATCH_EVENTS } from './limits';

/** What a collection request carries. */
export interface CollectedBody {
  /** JSON text of an array with `count` items. */
  payload: Buffer;
  count: number;
  sentAt?: Date;
  writeKey?: string;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parseObject(bytes: Buffer): Record<string, unknown> {
  if (!isUtf8(bytes)) throw unreadable('invalid-utf8', 'The body is not valid UTF-8.');
  const text = bytes.toString('utf8', bytes[0] === 0xef ? valueStart(bytes) : 0);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    // The parser's own message may quote the body, and so personal data: only the place is kept.
    const place = /at position (\d+)/.exec(String(error))?.[1];
    throw unreadable('malformed-json', `The body is not JSON${place ? ` (at character ${place})` : ''}.`);
  }
  if (!isObject(body)) throw unreadable('not-an-object', 'The body must be a JSON object.');
  return body;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function sentAtOf(value: unknown): Date | undefined {
  return typeof value === 'string' ? parseIsoTime(value) : undefined;
}

const last = (members: MemberSpan[], key: string): MemberSpan | undefined =>
  members.findLast((member) => member.key === key);

/** Segment lets a batch carry a context for those of its items that have none. */
function withContext(bytes: Buffer, batch: MemberSpan, context: MemberSpan, items: unknown[]): Buffer {
  const parts: Buffer[] = [];
  const member = Buffer.concat([Buffer.from('"context":'), bytes.subarray(context.start, context.end)]);
  elementSpans(bytes, batch.start).forEach((span, index) => {
    const item = items[index];
    parts.push(Buffer.from(index === 0 ? '[' : ','));
    if (!isObject(item) || (item.context !== undefined && item.context !== null)) {
      parts.push(bytes.subarray(span.start, span.end));
      return;
    }
    const rest = Object.keys(item).length === 0 ? '' : ',';
    // Last, so that it wins over an explicit null.
    parts.push(bytes.subarray(span.start, span.end - 1), Buffer.from(rest), member, Buffer.from('}'));
  });
  parts.push(Buffer.from(']'));
  return Buffer.concat(parts);
}

/** The body of /v1/batch and /v1/import. Problem 400 when no batch can be read, 413 with too many events in it. */
export function readBatch(bytes: Buffer): CollectedBody {
  const body = parseObject(bytes);
  const items = body.batch;
  if (!Array.isArray(items))
    throw unreadable('batch-missing', '"batch" must be an array of events.', '/batch');
  if (items.length > MAX_BATCH_EVENTS) throw tooLarge(`A batch may have ${MAX_BATCH_EVENTS} events.`);
  const members = memberSpans(bytes, valueStart(bytes));
  const batch = last(members, 'batch');
  if (!batch) throw unreadable('batch-missing', '"batch" must be an array of events.', '/batch');
  const context = isObject(body.context) && items.length > 0 ? last(members, 'context') : undefined;
  return {
    payload: context ? withContext(bytes, batch, context, items) : bytes.subarray(batch.start, batch.end),
    count: items.length,
    sentAt: sentAtOf(body.sentAt),
    writeKey: textOf(body.writeKey),
  };
}

/** The body of a route that names the type of its one event. The write key is left out of what is kept. */
export function readSingle(bytes: Buffer, type: string): CollectedBody {
  const body = parseObject(bytes);
  const parts: Buffer[] = [Buffer.from(`[{"type":"${type}"`)];
  for (const member of memberSpans(bytes, valueStart(bytes))) {
    if (member.key === 'writeKey' || member.key === 'type') continue;
    parts.push(Buffer.from(`,${JSON.stringify(member.key)}:`), bytes.subarray(member.start, member.end));
  }
  parts.push(Buffer.from('}]'));
  return {
    payload: Buffer.concat(parts),
    count: 1,
    sentAt: sentAtOf(body.sentAt),
    writeKey: textOf(body.writeKey),
  };
}
