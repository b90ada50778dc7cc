import { createHash } from 'node:crypto';
import type { Context, MessageEvent, ReceiptRequest } from '@percorso/plugin-kit';
import { KEY_ARGUMENT } from './mail';
import { withoutAddresses } from './send';
import type { SendGridSettings } from './settings';
import { assertSigned } from './signature';

/** Event webhooks (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event): lists of events, told once or more often. */
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

/** `deferred` is tried again for 72 hours, `group_resubscribe` and `account_status_change` are about no message: no news. */
const MEANINGS: Record<string, (fields: Fields) => Meaning | undefined> = {
  processed: () => ({ type: 'sent' }),
  delivered: () => ({ type: 'delivered' }),
  /** Apple's mail fetches pictures of mails that nobody reads. */
  open: ({ sg_machine_open: machine }) => (machine === true ? undefined : { type: 'opened' }),
  click: () => ({ type: 'clicked' }),
  spamreport: () => ({ type: 'complained' }),
  unsubscribe: () => ({ type: 'unsubscribed' }),
  group_unsubscribe: () => ({ type: 'unsubscribed' }),
  /** `blocked` is this time's refusal, which SendGrid does not remember; `bounce` is the address's own, which it does. */
  bounce: ({ type }) => ({ type: 'bounced', bounce: type === 'blocked' ? 'soft' : 'hard' }),
  /** Never tried: for what SendGrid remembers of the address, or for a reason of its own. */
  dropped: ({ reason }) => DROPPED[String(reason)] ?? { type: 'bounced', bounce: 'soft' },
};

/** Others are `Invalid SMTPAPI header`, `Spam Content` and `Recipient List over Package Quota`. */
const DROPPED: Record<string, Meaning> = {
  'Bounced Address': { type: 'bounced', bounce: 'hard' },
  Invalid: { type: 'bounced', bounce: 'hard' },
  'Spam Reporting Address': { type: 'complained' },
  'Unsubscribed Address': { type: 'unsubscribed' },
};

function eventOf(fields: Fields): MessageEvent[] {
  const text = (name: string): string | undefined =>
    typeof fields[name] === 'string' && fields[name] !== '' ? (fields[name] as string) : undefined;
  const [address, name] = [text('email'), text('event')];
  const meaning = name !== undefined && Object.hasOwn(MEANINGS, name) ? MEANINGS[name]?.(fields) : undefined;
  const at = timeOf(Number(fields['timestamp']));
  if (address === undefined || !meaning || Number.isNaN(at.getTime())) return [];
  const [messageId] = text('sg_message_id')?.split('.') ?? [];
  const reason = meaning.bounce && text('reason');
  return [
    {
      id: text('sg_event_id') ?? digestOf(fields),
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

/** Seconds; SendGrid's own example of a Single Send has milliseconds. */
const timeOf = (timestamp: number): Date =>
  new Date(timestamp < 100_000_000_000 ? timestamp * 1000 : timestamp);

/** Not every event has an id (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/troubleshooting): repeated, it is the same. */
const digestOf = (fields: Fields): string =>
  createHash('sha256').update(JSON.stringify(fields)).digest('base64url');

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
