import { createHash } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer';
import { rejected, type Item, type Verdict } from '@percorso/plugin-kit';

export interface Mail {
  envelope: { from: string; to: string };
  messageId: string;
  message: Buffer;
}

const ADDRESS = /^[^\s@<>(),;:"[\]\\]+@[^\s@<>(),;:"[\]\\]+$/;
const HEADER_NAME = /^[A-Za-z][A-Za-z0-9-]*$/;
/** These are the plugin's to set; the rest of the payload must not forge them. */
const RESERVED = new Set(
  ['from', 'to', 'cc', 'bcc', 'sender', 'reply-to', 'subject', 'date', 'message-id', 'return-path'].concat([
    'mime-version',
    'content-type',
    'content-transfer-encoding',
    'received',
    'dkim-signature',
  ]),
);
const MAX_BYTES = 10 * 1024 * 1024;

/** The message an item asks for, or why there can be none. */
export async function compose(item: Item, defaultFrom: string): Promise<Mail | Verdict> {
  const { to, from = defaultFrom, subject = '', text, html, replyTo, headers = {} } = item.payload;
  if (typeof to !== 'string' || to.length > 254 || !ADDRESS.test(to)) {
    return rejected('bad-address', 'to must be one e-mail address', { pointer: '/to' });
  }
  const line = firstBadLine({ from, subject, replyTo });
  if (line) return rejected('bad-header', `${line} must be one line of text`, { pointer: `/${line}` });
  if (!isBody(text) || !isBody(html) || (text === undefined && html === undefined)) {
    return rejected('no-body', 'text or html must hold the body', { pointer: '/text' });
  }
  const bad = badHeader(headers);
  if (bad !== undefined) {
    return rejected('bad-header', 'headers must be single lines and none that the plugin sets', {
      pointer: `/headers${bad && `/${bad.replaceAll('~', '~0').replaceAll('/', '~1')}`}`,
    });
  }
  const sender = String(from);
  const messageId = messageIdOf(item.key, sender);
  const node = new MailComposer({
    to,
    from: sender,
    subject: String(subject),
    text,
    html,
    replyTo: replyTo === undefined ? undefined : String(replyTo),
    headers: headers as Record<string, string>,
    messageId,
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
  const envelope = node.getEnvelope();
  if (!envelope.from) return rejected('bad-header', 'from must hold an address', { pointer: '/from' });
  const message = await node.build();
  if (message.length > MAX_BYTES)
    return rejected('too-large', `The message has more than ${MAX_BYTES} bytes.`);
  return { envelope: { from: envelope.from, to }, messageId, message };
}

/** The same effect has the same Message-ID, so that receivers can tell a repetition, and bounces name their effect. */
export function messageIdOf(key: string, from: string): string {
  const domain = /@([^\s@<>]+)>?\s*$/.exec(from)?.[1] ?? 'localhost';
  return `<${createHash('sha256').update(key).digest('base64url')}@${domain}>`;
}

function firstBadLine(fields: Record<string, unknown>): string | undefined {
  return Object.keys(fields).find((name) => fields[name] !== undefined && !isLine(fields[name]));
}

function isLine(value: unknown): value is string {
  return (
    typeof value === 'string' && value.length <= 2000 && !/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)
  );
}

function isBody(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

/** The name of a header that cannot be sent; '' when `headers` is no object. */
function badHeader(headers: unknown): string | undefined {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return '';
  const found = Object.entries(headers).find(
    ([name, value]) => !HEADER_NAME.test(name) || RESERVED.has(name.toLowerCase()) || !isLine(value),
  );
  return found?.[0];
}
