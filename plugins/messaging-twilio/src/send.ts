import { accepted, BadSettings, itemwise, rejected } from '@percorso/plugin-kit';
import type { Context, Item, Verdict } from '@percorso/plugin-kit';
import { isAxiosError } from 'axios';
import { formOf } from './form';
import { refusal } from './refusal';
import type { TwilioSettings } from './settings';

type Ctx = Context<TwilioSettings>;

/**
 * A call per message: Twilio takes no batches, and knows no key by which it would tell a repetition from a new message.
 * What is not caught here is read from the status of the answer: 401 is the credentials', 429 means later and that nothing
 * was done (https://www.twilio.com/docs/api/errors/20429), 503 that it may be tried again (…/20503).
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
    if (status !== 400 && status !== 404) throw error;
    const refused = refusal(data, item.payload['from'] === undefined);
    if (status === 400) return refused ?? rejected('http-400', 'Twilio refuses the message.');
    if (refused?.status === 'rejected' && refused.pointer !== undefined) return refused;
    throw new BadSettings('/accountSid', 'Twilio knows no such account.', { cause: error });
  }
});

/** Asks for the account, which costs nothing and changes nothing. */
export async function check(ctx: Ctx): Promise<void> {
  const { data } = await ctx.http.get<{ status?: string }>(`${accountUrl(ctx)}.json`, {
    headers: headersOf(ctx),
  });
  if (data?.status !== 'active') throw new BadSettings('/accountSid', 'The Twilio account is not active.');
}

const accountUrl = ({ settings }: Ctx): string =>
  `${settings.url.replace(/\/+$/, '')}/2010-04-01/Accounts/${settings.accountSid}`;

function headersOf({ settings: { accountSid, authToken } }: Ctx): Record<string, string> {
  const credentials = Buffer.from(`${accountSid}:${authToken}`).toString('base64');
  return { authorization: `Basic ${credentials}`, accept: 'application/json', 'accept-charset': 'utf-8' };
}
