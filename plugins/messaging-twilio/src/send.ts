import { accepted, BadSettings, itemwise, rejected, retry } from '@percorso/plugin-kit';
import type { Context, Item, Verdict } from '@percorso/plugin-kit';
import { isAxiosError } from 'axios';
import { formOf } from './form';
import type { TwilioSettings } from './settings';

type Ctx = Context<TwilioSettings>;

/**
 * A call per message: Twilio takes no batches, and knows no key by which it would tell a repetition from a new message.
 * What is not caught here is read from the status of the answer: 401 is the credentials', 429 means later.
 */
export const send = itemwise<TwilioSettings>(async (item: Item, ctx: Ctx): Promise<Verdict> => {
  const form = formOf(item.payload, ctx.settings);
  if (!(form instanceof URLSearchParams)) return form;
  try {
    const { data } = await ctx.http.post<{ sid?: unknown }>(
      `${accountUrl(ctx)}/Messages.json`,
      form.toString(),
      { headers: { ...headersOf(ctx), 'content-type': 'application/x-www-form-urlencoded' } },
    );
    return typeof data?.sid === 'string' ? accepted(data.sid) : { status: 'unknown', code: 'no-sid' };
  } catch (error) {
    const { status, data } = (isAxiosError(error) && error.response) || {};
    if (status === 404)
      throw new BadSettings('/accountSid', 'Twilio knows no such account.', { cause: error });
    if (status !== 400) throw error;
    return refusal(data, item.payload['from'] === undefined);
  }
});

/** Asks for the account, which costs nothing and changes nothing. */
export async function check(ctx: Ctx): Promise<void> {
  const { data } = await ctx.http.get<{ status?: string }>(`${accountUrl(ctx)}.json`, {
    headers: headersOf(ctx),
  });
  if (data?.status !== 'active') throw new BadSettings('/accountSid', 'The Twilio account is not active.');
}

/** Codes of https://www.twilio.com/docs/api/errors: the number cannot take text messages, now or ever. */
const NO_SUCH_NUMBER = new Set([21211, 21214, 21217, 21401, 21614, 21635]);
/** The sender is not this account's, or cannot send: the settings' fault if it is theirs. */
const BAD_SENDER = new Set([21212, 21603, 21606, 21659, 21660, 21701, 21703]);
const OPTED_OUT = 21610;
const QUEUE_FULL = 21611;

/** What Twilio's code says of one message. */
export function refusal(data: unknown, senderOfSettings: boolean): Verdict {
  const { code, message } = (data ?? {}) as { code?: unknown; message?: unknown };
  const number = typeof code === 'number' ? code : 0;
  const reason = withoutNumbers(typeof message === 'string' ? message : 'Twilio refuses the message.');
  if (number === QUEUE_FULL) return retry(60, 'twilio-21611');
  if (NO_SUCH_NUMBER.has(number))
    return rejected(`twilio-${number}`, reason, { pointer: '/to', bounce: 'hard' });
  if (number === OPTED_OUT)
    return rejected('opted-out', 'The recipient told Twilio to stop.', { pointer: '/to' });
  if (BAD_SENDER.has(number)) {
    if (senderOfSettings) throw new BadSettings('/from', reason);
    return rejected(`twilio-${number}`, reason, { pointer: '/from' });
  }
  return rejected(number === 0 ? 'http-400' : `twilio-${number}`, reason);
}

/** Twilio repeats numbers; reasons are kept, people are not. */
export function withoutNumbers(text: string): string {
  return text.replace(/\+?\d[\d ().-]{5,}\d/g, '…').slice(0, 300);
}

const accountUrl = ({ settings }: Ctx): string =>
  `${settings.url.replace(/\/+$/, '')}/2010-04-01/Accounts/${settings.accountSid}`;

function headersOf({ settings: { accountSid, authToken } }: Ctx): Record<string, string> {
  const credentials = Buffer.from(`${accountSid}:${authToken}`).toString('base64');
  return { authorization: `Basic ${credentials}`, accept: 'application/json', 'accept-charset': 'utf-8' };
}
