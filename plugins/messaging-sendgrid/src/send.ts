import {
  accepted,
  BadCredentials,
  BadSettings,
  partwise,
  rejected,
  retry,
  verdictFor,
} from '@percorso/plugin-kit';
import type { Context, Deliver, Item, Verdict } from '@percorso/plugin-kit';
import { isAxiosError, type AxiosResponse } from 'axios';
import { mailOf, type Mail } from './mail';
import type { SendGridSettings } from './settings';

type Ctx = Context<SendGridSettings>;

/** https://www.twilio.com/docs/sendgrid/api-reference/mail-send/limitations: recipients in one request. */
const MAX_RECIPIENTS = 1000;
/** `ctx.http` sends at most 16 MiB, of the 30 MB that SendGrid takes. */
const MAX_BYTES = 15_000_000;

/**
 * Mails that differ only in what SendGrid personalizes (recipient, subject, headers, template data) go out in one request.
 * SendGrid knows no key by which it would tell a repetition from a new mail.
 */
export const send: Deliver<SendGridSettings> = async (items, ctx) => {
  const mails = new Map<Item, Mail | Verdict>(items.map((item) => [item, mailOf(item, ctx.settings.from)]));
  const ready = items.filter((item) => 'shared' in (mails.get(item) as object));
  const verdicts = await partwise<SendGridSettings>(
    () => requestsOf(ready.map((item) => mails.get(item) as Mail)),
    (part) =>
      post(
        part.map((item) => mails.get(item) as Mail),
        ctx,
      ),
  )(ready, ctx);
  const answered = new Map(ready.map((item, at) => [item, verdicts[at] as Verdict]));
  return items.map((item) => answered.get(item) ?? (mails.get(item) as Verdict));
};

interface Request {
  items: Item[];
  bytes: number;
  addresses: Set<string>;
}

/**
 * Items by what they share, a request's worth each. An address may be in a request only once
 * (https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors).
 */
function requestsOf(mails: Mail[]): Item[][] {
  const open = new Map<string, Request[]>();
  for (const { item, shared, personalization } of mails) {
    const key = JSON.stringify(shared);
    const bytes = Buffer.byteLength(JSON.stringify(personalization));
    const address = String(personalization.to[0]?.email).toLowerCase();
    const requests = open.get(key) ?? [];
    open.set(key, requests);
    let request = requests.find((one) => fits(one, bytes, address));
    if (!request)
      requests.push((request = { items: [], bytes: Buffer.byteLength(key), addresses: new Set() }));
    request.items.push(item);
    request.bytes += bytes;
    request.addresses.add(address);
  }
  return [...open.values()].flat().map(({ items }) => items);
}

function fits({ items, bytes, addresses }: Request, more: number, address: string): boolean {
  return items.length < MAX_RECIPIENTS && bytes + more <= MAX_BYTES && !addresses.has(address);
}

/**
 * One request. A refusal means that nobody of it got anything: those it names are refused and the others tried without
 * them; one that names what all share holds for all; of any other the halves are tried by themselves.
 */
async function post(mails: Mail[], ctx: Ctx): Promise<Verdict[]> {
  try {
    const response = await ctx.http.post(
      `${baseUrl(ctx)}/v3/mail/send`,
      { ...(mails[0] as Mail).shared, personalizations: mails.map(({ personalization }) => personalization) },
      { headers: { ...headersOf(ctx), 'content-type': 'application/json' } },
    );
    const id: unknown = response.headers['x-message-id'];
    return mails.map(() => accepted(typeof id === 'string' ? id : undefined));
  } catch (error) {
    const response = isAxiosError(error) ? error.response : undefined;
    if (response?.status === 429) return mails.map(() => later(response, ctx.now()));
    if (response?.status === 413)
      return inHalves(mails, ctx, rejected('too-large', 'The mail is too large.'));
    if (response?.status !== 400) throw meaning(error, response);
    const { each, all } = refusals(response.data);
    const mine = mails.map((_, at) => each.get(at));
    const others = mails.filter((_, at) => mine[at] === undefined);
    if (others.length === mails.length) {
      const verdict = all ?? rejected('http-400', 'SendGrid refuses the mail.');
      return isShared(verdict) ? mails.map(() => verdict) : inHalves(mails, ctx, verdict);
    }
    const rest = await again(others, ctx);
    return mine.map((verdict) => verdict ?? (rest.shift() as Verdict));
  }
}

/** Whose fault it is shows when they go out apart; `alone` is the verdict on a single one. */
async function inHalves(mails: Mail[], ctx: Ctx, alone: Verdict): Promise<Verdict[]> {
  if (mails.length === 1) return [alone];
  const middle = Math.ceil(mails.length / 2);
  const first = await again(mails.slice(0, middle), ctx);
  return [...first, ...(await again(mails.slice(middle), ctx))];
}

async function again(mails: Mail[], ctx: Ctx): Promise<Verdict[]> {
  if (mails.length === 0) return [];
  if (ctx.signal.aborted) return mails.map(() => retry(undefined, 'deadline'));
  return post(mails, ctx).catch((error: unknown) => mails.map(() => verdictOn(error)));
}

/** Others of the batch may have been accepted: what rests the connector is left to the next call, and these to later. */
function verdictOn(error: unknown): Verdict {
  try {
    return verdictFor(error);
  } catch {
    return retry(undefined, 'connector-at-fault');
  }
}

/** The scopes of the key: reading them changes nothing. */
export async function check(ctx: Ctx): Promise<void> {
  const { data } = await ctx.http.get<{ scopes?: unknown }>(`${baseUrl(ctx)}/v3/scopes`, {
    headers: headersOf(ctx),
  });
  if (!Array.isArray(data?.scopes) || !data.scopes.includes('mail.send'))
    throw new BadCredentials('The API key may not send mail: it lacks the scope mail.send.');
}

/**
 * Refusals of a 400 (https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors): of each personalization by its
 * place, and of the whole request.
 */
export function refusals(data: unknown): { each: Map<number, Verdict>; all?: Verdict } {
  const { errors } = (data ?? {}) as { errors?: unknown };
  const each = new Map<number, Verdict>();
  let all: Verdict | undefined;
  for (const error of Array.isArray(errors) ? (errors as { message?: unknown; field?: unknown }[]) : []) {
    const field = String(error?.field ?? '');
    const message = withoutAddresses(String(error?.message ?? ''));
    const [, place, rest = ''] = /^personalizations\.(\d+)\.?(.*)$/.exec(field) ?? [];
    if (place === undefined) all ??= refusal(message, field);
    else if (!each.has(Number(place))) each.set(Number(place), refusal(message, rest));
  }
  return all === undefined ? { each } : { each, all };
}

/** Whether it is about what all mails of a request have in common. */
const isShared = (verdict: Verdict): boolean =>
  verdict.status === 'rejected' && SHARED.has(String(verdict.pointer));

function refusal(message: string, field: string): Verdict {
  const pointer = POINTERS[field.split('.')[0] as string];
  const reason = message || 'SendGrid refuses the mail.';
  if (pointer === '/to') return rejected('bad-address', reason, { pointer, bounce: 'hard' });
  return rejected('refused', reason, pointer === undefined ? {} : { pointer });
}

/** Where the payload holds what SendGrid names. */
const POINTERS: Record<string, string> = {
  to: '/to',
  from: '/from',
  reply_to: '/replyTo',
  subject: '/subject',
  content: '/text',
  headers: '/headers',
  template_id: '/templateId',
  dynamic_template_data: '/data',
  categories: '/categories',
};

const SHARED = new Set(['/from', '/replyTo', '/text', '/templateId', '/categories']);

/**
 * https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits: the time it ends, in Unix
 * seconds. Retry-After is not promised there, and believed where it comes.
 */
function later({ headers }: AxiosResponse, now: Date): Verdict {
  const after = Number(headers['retry-after'] ?? NaN);
  const reset = Number(headers['x-ratelimit-reset'] ?? NaN) - Math.floor(now.getTime() / 1000);
  const seconds = [after, reset].find((one) => Number.isFinite(one) && one >= 0);
  return retry(seconds, 'http-429');
}

/**
 * https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/errors: 403 also says that the sender is
 * not verified; 451 that the account's data may not be here.
 */
function meaning(error: unknown, response: AxiosResponse | undefined): unknown {
  if (response?.status === 451)
    return new BadSettings('/url', 'SendGrid keeps this account in another region.', { cause: error });
  if (response?.status !== 403) return error;
  const field = String((response.data as { errors?: { field?: unknown }[] })?.errors?.[0]?.field ?? '');
  return field.startsWith('from')
    ? new BadSettings('/from', 'SendGrid does not know the sender as verified.')
    : error;
}

export function withoutAddresses(text: string): string {
  return text.replace(/<?[^\s<>@]+@[^\s<>@]+>?/g, '…').slice(0, 300);
}

const baseUrl = ({ settings }: Ctx): string => settings.url.replace(/\/+$/, '');

function headersOf({ settings }: Ctx): Record<string, string> {
  return { authorization: `Bearer ${settings.apiKey}`, accept: 'application/json' };
}
