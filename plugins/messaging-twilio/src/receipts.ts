import { BadReceipt, type Context, type MessageEvent, type ReceiptRequest } from '@percorso/plugin-kit';
import type { TwilioSettings } from './settings';
import { isSigned } from './signature';

/**
 * Status callbacks (https://www.twilio.com/docs/messaging/guides/track-outbound-message-status), and incoming messages
 * that say STOP, where Twilio is told to post those here too. A callback names no time, so its events happened when it
 * came. Twilio may add fields at any time; all of them are signed.
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

/** https://www.twilio.com/docs/messaging/api/message-resource#message-status-values; the others are no news. */
const TYPES: Record<string, MessageEvent['type']> = {
  sent: 'sent',
  delivered: 'delivered',
  read: 'opened',
  undelivered: 'bounced',
  failed: 'bounced',
};

/** Numbers that do not exist or take no texts: https://www.twilio.com/docs/api/errors/30005 and 30006 among them. */
const HARD = new Set(['21211', '21614', '21635', '30005', '30006']);

function eventOf(form: URLSearchParams, now: Date): MessageEvent | undefined {
  const field = (name: string): string => form.get(name) ?? '';
  const providerId = field('MessageSid') || field('SmsSid');
  if (providerId === '') return undefined;
  const common = { channel: 'sms', at: now.toISOString() };
  if (field('OptOutType') === 'STOP' && field('From') !== '')
    return { ...common, id: `${providerId}:stop`, type: 'unsubscribed', address: field('From') };
  const status = field('MessageStatus');
  const type = TYPES[status];
  if (type === undefined || field('To') === '') return undefined;
  const code = field('ErrorCode');
  return {
    ...common,
    id: `${providerId}:${status}`,
    type,
    address: field('To'),
    providerId,
    ...(type === 'bounced'
      ? { bounce: HARD.has(code) ? 'hard' : 'soft', reason: `${status} ${code}`.trim() }
      : {}),
  };
}
