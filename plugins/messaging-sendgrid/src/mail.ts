import { rejected, type Item, type Verdict } from '@percorso/plugin-kit';

/** One person's part of a mail. */
export interface Personalization {
  to: { email: string; name?: string }[];
  subject?: string;
  headers?: Record<string, string>;
  custom_args: Record<string, string>;
  dynamic_template_data?: Record<string, unknown>;
}

/** What all recipients of a request share. */
export interface Shared {
  from: { email: string; name?: string };
  reply_to?: { email: string; name?: string };
  content?: { type: string; value: string }[];
  template_id?: string;
  categories?: string[];
}

export interface Mail {
  item: Item;
  shared: Shared;
  personalization: Personalization;
}

/** The custom argument that comes back with every event: whose effect the mail is. */
export const KEY_ARGUMENT = 'percorso_key';

/** Limits of https://www.twilio.com/docs/sendgrid/api-reference/mail-send/limitations: SendGrid takes less than 30 MB, the hub 12 MiB. */
const MAX_BYTES = 12 * 1024 * 1024;
/** The same: a recipient's name has none of these. */
const NOT_IN_NAMES = /\s*[;,]\s*/g;

const ADDRESS = /^[^\s@<>(),;:"[\]\\]+@[^\s@<>(),;:"[\]\\]+$/;
const TEXTS = ['subject', 'text', 'html', 'replyTo', 'templateId', 'toName'] as const;

/** What an item asks for, or why there can be none of it. */
export function mailOf(item: Item, defaultFrom: string): Mail | Verdict {
  const {
    to,
    toName,
    from = defaultFrom,
    subject,
    replyTo,
    headers,
    templateId,
    data,
    categories,
  } = item.payload;
  if (typeof to !== 'string' || to.length > 254 || !ADDRESS.test(to))
    return rejected('bad-address', 'to must be one e-mail address', { pointer: '/to' });
  const odd = TEXTS.find(
    (name) => item.payload[name] !== undefined && typeof item.payload[name] !== 'string',
  );
  if (odd) return rejected('bad-payload', `${odd} must be text`, { pointer: `/${odd}` });
  const sender = mailbox(from);
  if (!sender) return rejected('bad-sender', 'from must be an address', { pointer: '/from' });
  if (headers !== undefined && !isTexts(headers))
    return rejected('bad-header', 'headers must be texts by name', { pointer: '/headers' });
  if (data !== undefined && (typeof data !== 'object' || data === null || Array.isArray(data)))
    return rejected('bad-payload', 'data must be an object', { pointer: '/data' });
  if (
    categories !== undefined &&
    !(Array.isArray(categories) && categories.every((one) => typeof one === 'string'))
  )
    return rejected('bad-payload', 'categories must be a list of texts', { pointer: '/categories' });
  const content = contentOf(item.payload);
  if (content.length === 0 && templateId === undefined)
    return rejected('no-body', 'text, html or templateId must hold the body', { pointer: '/text' });
  if (subject === undefined && templateId === undefined)
    return rejected('no-subject', 'subject is missing', { pointer: '/subject' });
  if (Buffer.byteLength(JSON.stringify(item.payload)) > MAX_BYTES)
    return rejected('too-large', `A mail has at most ${MAX_BYTES} bytes.`);
  const answerTo = replyTo === undefined ? undefined : mailbox(replyTo);
  return {
    item,
    shared: defined({
      from: sender,
      reply_to: answerTo,
      content: content.length > 0 ? content : undefined,
      template_id: templateId as string | undefined,
      categories: categories as string[] | undefined,
    }),
    personalization: defined({
      to: [defined({ email: to, name: (toName as string | undefined)?.replace(NOT_IN_NAMES, ' ') })],
      subject: subject as string | undefined,
      headers: headers as Record<string, string> | undefined,
      custom_args: { [KEY_ARGUMENT]: item.key },
      dynamic_template_data: data as Record<string, unknown> | undefined,
    }),
  };
}

/** text/plain stands before text/html; SendGrid takes no empty ones. */
function contentOf({ text, html }: Record<string, unknown>): { type: string; value: string }[] {
  return [
    { type: 'text/plain', value: text },
    { type: 'text/html', value: html },
  ].filter(
    (part): part is { type: string; value: string } => typeof part.value === 'string' && part.value !== '',
  );
}

/** `News <news@example.com>` or the bare address. */
function mailbox(text: unknown): { email: string; name?: string } | undefined {
  const [, name, inside] = /^\s*"?([^"<>\r\n]*?)"?\s*<([^<>]+)>\s*$/.exec(String(text)) ?? [];
  const email = inside ?? String(text).trim();
  if (!ADDRESS.test(email)) return undefined;
  return name ? { email, name } : { email };
}

function isTexts(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((one) => typeof one === 'string')
  );
}

function defined<V extends object>(value: V): V {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as V;
}
