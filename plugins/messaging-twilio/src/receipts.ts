import { BadReceipt, type Context, type MessageEvent, type ReceiptRequest } from '@percorso/plugin-kit';
import type { TwilioSettings } from './settings';
import { isSigned } from './signature';

/**
 * Status callbacks (https://www.twilio.com/docs/messaging/guides/track-outbound-message-status,
 * …/guides/outbound-message-status-in-status-callbacks), and incoming messages that say STOP, where Twilio is told to post
 * those here too. A callback names no time but the carrier's own, in a zone of its own, so its events happened when it came.
 * Twilio may add fields at any time; all of them are signed.
 */
export async function receipts(
  raw: string,
  { settings, now }: Context<TwilioSettings>,
  request?: ReceiptRequest,
): Promise<MessageEvent[]> {
  const form = new URLSearchParams(raw);
  if (request) {
    const signature = request.headers['x-twilio-signature'] ?? '';
    if (!isSigned(settings.authToken, signature, request.url, form))
      throw new BadReceipt(
        'The signature is not that of this Twilio account, or the hub is called by another address than Twilio knows.',
      );
  }
  const event = eventOf(form, now());
  return event ? [event] : [];
}

/**
 * https://www.twilio.com/docs/messaging/api/message-resource#message-status-values. No news are `accepted`, `scheduled`,
 * `queued`, `sending` and, since nobody got anything and nothing failed, `canceled`; `receiving` and `received` are of
 * incoming messages; `partially_delivered` is in Twilio's OpenAPI document and nowhere explained.
 */
const TYPES: Record<string, MessageEvent['type']> = {
  sent: 'sent',
  delivered: 'delivered',
  read: 'opened',
  undelivered: 'bounced',
  failed: 'bounced',
};

/** https://www.twilio.com/docs/api/errors/21211 and so on: numbers that do not exist or take no texts, whoever sends. */
const HARD = new Set(['21211', '21614', '21635', '30005']);
/** A landline; or, of a short code, a carrier that takes none of its texts: https://www.twilio.com/docs/api/errors/30006. */
const LANDLINE = '30006';
const OPTED_OUT = '21610';
const SHORT_CODE = /^\d{3,8}$/;

/**
 * What ends messages to a person where Advanced Opt-Out does not say so by `OptOutType`, alone in a message and in any
 * case: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out,
 * https://support.twilio.com/hc/en-us/articles/31560110671259.
 */
const STOP_WORDS = new Set('STOP UNSUBSCRIBE END QUIT STOPALL REVOKE OPTOUT CANCEL'.split(' '));

function eventOf(form: URLSearchParams, now: Date): MessageEvent | undefined {
  const field = (name: string): string => form.get(name) ?? '';
  const providerId = field('MessageSid') || field('SmsSid');
  if (providerId === '') return undefined;
  const common = { channel: 'sms', at: now.toISOString() };
  const unsubscribed = { ...common, id: `${providerId}:stop`, type: 'unsubscribed' } as const;
  const status = field('MessageStatus') || field('SmsStatus');
  const type = TYPES[status];
  if (type === undefined)
    return isStop(field) && field('From') !== '' ? { ...unsubscribed, address: field('From') } : undefined;
  if (field('To') === '') return undefined;
  const code = field('ErrorCode');
  const about = { address: field('To'), providerId };
  if (type === 'bounced' && code === OPTED_OUT) return { ...unsubscribed, ...about };
  const dead = HARD.has(code) || (code === LANDLINE && !SHORT_CODE.test(field('From')));
  const bounce = { bounce: dead ? 'hard' : 'soft', reason: `${status} ${code}`.trim() } as const;
  return { ...common, ...about, id: `${providerId}:${status}`, type, ...(type === 'bounced' && bounce) };
}

/** An incoming message that ends what its sender gets. */
function isStop(field: (name: string) => string): boolean {
  const said = field('OptOutType');
  return said === '' ? STOP_WORDS.has(field('Body').trim().toUpperCase()) : said === 'STOP';
}
