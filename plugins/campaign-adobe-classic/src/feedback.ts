import type { Context, FeedbackPage, MessageEvent } from '@percorso/plugin-kit';
import { attributeAt, select } from './query';
import type { CampaignClassicSettings } from './settings';
import type { XmlElement } from './xml';

type Ctx = Context<CampaignClassicSettings>;

/** Where reading of the delivery logs stands. */
interface Cursor {
  /** The highest @id read. */
  after: number;
  /** Logs of before are not read. */
  since: string;
  /** Ids read while their outcome was open; asked for again. */
  pending: number[];
}

const PAGE = 500;
const PAGES_PER_CALL = 10;
const MAX_PENDING = 5000;
const SELECT = [
  '@id',
  '@status',
  '@address',
  '@eventDate',
  '[msg/@failureType]',
  '[msg/@failureReason]',
  '[msg/@text]',
];
/** @status of nms:broadLog. */
const STATUS = { sent: '1', failed: '2', pending: '6' };
/** @failureType of nms:broadLogMsg. */
const FAILURE = { soft: '1', hard: '2' };
/** @failureReason: the address is on Campaign's own denylist, so nothing bounced. */
const DENYLISTED = '8';

/** What Campaign's own deliveries came to, out of nms:broadLogRcp in the order of @id. */
export async function feedback(given: unknown, ctx: Ctx): Promise<FeedbackPage> {
  const cursor = readCursor(given, ctx);
  const events: MessageEvent[] = [];
  await askAgain(cursor, events, ctx);
  for (let page = 0; page < PAGES_PER_CALL && !ctx.signal.aborted; page += 1) {
    if (cursor.pending.length >= MAX_PENDING) break;
    const logs = await select(ctx, {
      schema: 'nms:broadLogRcp',
      select: SELECT,
      where: `@id > ${cursor.after} AND @eventDate >= #${cursor.since}#`,
      orderBy: '@id',
      lineCount: PAGE,
    });
    for (const log of logs) {
      const id = Number(log.attributes['id']);
      if (log.attributes['status'] === STATUS.pending) cursor.pending.push(id);
      else events.push(...eventOf(log));
      cursor.after = Math.max(cursor.after, id);
    }
    if (logs.length < PAGE) break;
  }
  return { events, cursor };
}

/** Logs that were open are settled in place, below the cursor; they are asked for by id. */
async function askAgain(cursor: Cursor, events: MessageEvent[], ctx: Ctx): Promise<void> {
  const open = cursor.pending.splice(0);
  for (let start = 0; start < open.length; start += PAGE) {
    const ids = open.slice(start, start + PAGE);
    const logs = await select(ctx, {
      schema: 'nms:broadLogRcp',
      select: SELECT,
      where: `@id IN (${ids.join(', ')})`,
      orderBy: '@id',
      lineCount: PAGE,
    });
    for (const log of logs) {
      if (log.attributes['status'] === STATUS.pending) cursor.pending.push(Number(log.attributes['id']));
      else events.push(...eventOf(log));
    }
  }
}

function eventOf(log: XmlElement): MessageEvent[] {
  const { id, status, address = '', eventDate = '' } = log.attributes;
  const at = new Date(eventDate.replace(' ', 'T'));
  if (address === '' || Number.isNaN(at.getTime())) return [];
  const event = {
    id: `broadlog-${id}-${status}`,
    channel: 'email',
    address,
    at: at.toISOString(),
    providerId: `broadlog-${id}`,
  };
  if (status === STATUS.sent) return [{ ...event, type: 'sent' }];
  const type = attributeAt(log, ['msg', 'failureType']);
  const reason = attributeAt(log, ['msg', 'failureReason']);
  if (status !== STATUS.failed || reason === DENYLISTED || (type !== FAILURE.soft && type !== FAILURE.hard))
    return [];
  const text = attributeAt(log, ['msg', 'text']);
  return [
    {
      ...event,
      type: 'bounced',
      bounce: type === FAILURE.hard ? 'hard' : 'soft',
      ...(text ? { reason: text.slice(0, 300) } : {}),
    },
  ];
}

function readCursor(given: unknown, ctx: Ctx): Cursor {
  const { after, since, pending } = (given ?? {}) as Partial<Cursor>;
  const first = new Date(ctx.now().getTime() - ctx.settings.feedbackDays * 86_400_000);
  return {
    after: Number.isSafeInteger(after) ? Number(after) : 0,
    since: typeof since === 'string' ? since : first.toISOString().slice(0, 19).concat('Z'),
    pending: Array.isArray(pending) ? pending.filter(Number.isSafeInteger) : [],
  };
}
