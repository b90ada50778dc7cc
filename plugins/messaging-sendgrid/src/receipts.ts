import type { Context, MessageEvent, ReceiptRequest } from '@percorso/plugin-kit';
import { KEY_ARGUMENT } from './mail';
import { withoutAddresses } from './send';
import type { SendGridSettings } from './settings';
import { assertSigned } from './signature';

/** Event webhooks (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event): lists of events, each with an id. */
export async function receipts(
  raw: string,
  { settings, now }: Context<SendGridSettings>,
  request?: ReceiptRequest,
): Promise<MessageEvent[]> {
  if (request) assertSigned(raw, request, settings.webhookKey, now());
  return parse(raw).flatMap(eventOf);
}

type Fields = Record<string, unknown>;
type Meaning = Pick<MessageEvent, 'type' | 'bounce'>;

const MEANINGS: Record<string, (fields: Fields) => Meaning | undefined> = {
  processed: () => ({ type: 'sent' }),
  delivered: () => ({ type: 'delivered' }),
  open: () => ({ type: 'opened' }),
  click: () => ({ type: 'clicked' }),
  spamreport: () => ({ type: 'complained' }),
  unsubscribe: () => ({ type: 'unsubscribed' }),
  group_unsubscribe: () => ({ type: 'unsubscribed' }),
  /** `blocked` is this time's refusal, such as a full mailbox; `bounce` is the address's own. */
  bounce: ({ type }) => ({ type: 'bounced', bounce: type === 'blocked' ? 'soft' : 'hard' }),
  /** Never tried, for what SendGrid remembers of the address. */
  dropped: ({ reason }) => DROPPED[String(reason)] ?? { type: 'bounced', bounce: 'soft' },
};

const DROPPED: Record<string, Meaning> = {
  'Bounced Address': { type: 'bounced', bounce: 'hard' },
  Invalid: { type: 'bounced', bounce: 'hard' },
  'Spam Reporting Address': { type: 'complained' },
  'Unsubscribed Address': { type: 'unsubscribed' },
};

function eventOf(fields: Fields): MessageEvent[] {
  const text = (name: string): string | undefined =>
    typeof fields[name] === 'string' && fields[name] !== '' ? (fields[name] as string) : undefined;
  const [id, address, name] = [text('sg_event_id'), text('email'), text('event')];
  const meaning = name !== undefined && Object.hasOwn(MEANINGS, name) ? MEANINGS[name]?.(fields) : undefined;
  const at = new Date(Number(fields['timestamp']) * 1000);
  if (id === undefined || address === undefined || !meaning || Number.isNaN(at.getTime())) return [];
  const [messageId] = text('sg_message_id')?.split('.') ?? [];
  const reason = meaning.bounce && text('reason');
  return [
    {
      id,
      channel: 'email',
      address,
      at: at.toISOString(),
      ...meaning,
      ...given('providerId', messageId),
      ...given('effectKey', text(KEY_ARGUMENT)),
      ...given('link', meaning.type === 'clicked' ? text('url') : undefined),
      ...given('reason', reason && withoutAddresses(reason)),
    },
  ];
}

const given = (name: string, value: string | undefined): object =>
  value === undefined ? {} : { [name]: value };

function parse(raw: string): Fields[] {
  try {
    const value: unknown = JSON.parse(raw);
    return Array.isArray(value)
      ? value.filter((one): one is Fields => typeof one === 'object' && one !== null)
      : [];
  } catch {
    return [];
  }
}
