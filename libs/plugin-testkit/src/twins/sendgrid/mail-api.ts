import { randomBytes } from 'node:crypto';
import type { Call, Reply } from '../http/http-provider';
import type { SendGridMessage } from './contract';

type Json = Record<string, unknown>;
type Refusal = [message: string, field: string | null];

/** Limits of https://www.twilio.com/docs/sendgrid/api-reference/mail-send/limitations. */
const MAX_BYTES = 30_000_000;
const MAX_RECIPIENTS = 1000;
const MAX_CUSTOM_ARGS = 10_000;

const ADDRESS = /^[^\s@<>(),;:"[\]\\]+@[^\s@<>(),;:"[\]\\]+\.[a-z]{2,}$/i;
const TOP = new Set(
  [
    'personalizations',
    'from',
    'reply_to',
    'subject',
    'content',
    'template_id',
    'headers',
    'categories',
  ].concat(['custom_args', 'asm', 'mail_settings', 'tracking_settings']),
);
const EACH = new Set(['to', 'subject', 'headers', 'custom_args', 'dynamic_template_data']);
const RESERVED = new Set(
  'x-sg-id x-sg-eid received dkim-signature content-type content-transfer-encoding to from subject reply-to cc bcc'.split(
    ' ',
  ),
);

/** SendGrid's v3 mail send; stricter than SendGrid about what it does not know. */
export function answer(call: Call, apiKey: string, keep: (messages: SendGridMessage[]) => void): Reply {
  if (call.headers['authorization'] !== `Bearer ${apiKey}`)
    return problem(401, 'The provided authorization grant is invalid, expired, or revoked', null);
  if (call.path === '/v3/scopes' && call.method === 'GET')
    return { status: 200, json: { scopes: ['mail.send', 'sender_verification_eligible'] } };
  if (call.path !== '/v3/mail/send') return problem(404, 'Not Found', null);
  if (call.method !== 'POST') return problem(405, 'method not allowed', null);
  if (call.headers['content-type']?.split(';')[0] !== 'application/json')
    return problem(415, 'Content-Type should be application/json.', null);
  if (Buffer.byteLength(call.body) >= MAX_BYTES) return problem(413, 'content too large', null);
  const mail = parse(call.body);
  const refused = mail ? refusal(mail) : (['Bad Request', null] as Refusal);
  if (refused) return problem(400, ...refused);
  const messageId = randomBytes(16).toString('base64url');
  const messages = messagesOf(mail as Json, messageId);
  return { status: 202, headers: { 'x-message-id': messageId }, accept: () => keep(messages) };
}

function refusal(mail: Json): Refusal | undefined {
  const odd = Object.keys(mail).find((field) => !TOP.has(field));
  if (odd !== undefined) return [`Additional property ${odd} is not allowed`, null];
  const each = listOf(mail['personalizations']);
  if (each.length === 0) return ['The personalizations field is required.', 'personalizations'];
  const recipients = each.reduce((count, one) => count + listOf(one['to']).length, 0);
  if (each.length > MAX_RECIPIENTS || recipients > MAX_RECIPIENTS)
    return ['The personalizations field must not have more than 1000 recipients.', 'personalizations'];
  // https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors
  const emails = each.flatMap((one) => listOf(one['to']).map(({ email }) => String(email).toLowerCase()));
  if (new Set(emails).size < emails.length)
    return [
      'Each unique email address in the personalizations array should only be included once.',
      'personalizations',
    ];
  if (!isAddress(mail['from']))
    return ['The from object must be provided for every email send.', 'from.email'];
  if (mail['reply_to'] !== undefined && !isAddress(mail['reply_to']))
    return ['Does not contain a valid address.', 'reply_to.email'];
  const templated = typeof mail['template_id'] === 'string';
  if (!templated && listOf(mail['content']).length === 0)
    return ['Unless a valid template_id is provided, the content parameter is required.', 'content'];
  const content = contentRefusal(listOf(mail['content']));
  if (content) return content;
  for (const [at, one] of each.entries()) {
    const refused = personalizationRefusal(one, mail, templated);
    if (refused) return [refused[0], `personalizations.${at}.${refused[1]}`];
  }
  return undefined;
}

function contentRefusal(content: Json[]): Refusal | undefined {
  const order = content.map(({ type }) => (type === 'text/plain' ? 0 : type === 'text/html' ? 1 : 2));
  if (order.some((place, at) => place < (order[at - 1] ?? 0)))
    return ['If present, text/plain and text/html may only be provided once, in that order.', 'content'];
  const empty = content.findIndex(({ value }) => typeof value !== 'string' || value === '');
  if (empty >= 0)
    return ['The content value must be a string at least one character in length.', `content.${empty}.value`];
  return undefined;
}

function personalizationRefusal(one: Json, mail: Json, templated: boolean): [string, string] | undefined {
  const odd = Object.keys(one).find((field) => !EACH.has(field));
  if (odd !== undefined) return [`Additional property ${odd} is not allowed`, odd];
  const to = listOf(one['to']);
  if (to.length === 0) return ['The to array is required for all personalization objects', 'to'];
  const bad = to.findIndex((address) => !isAddress(address));
  if (bad >= 0) return ['Does not contain a valid address.', `to.${bad}.email`];
  if (to.some(({ name }) => /[;,]/.test(String(name ?? ''))))
    return ['to.name has a character it may not have', 'to'];
  const subject = one['subject'] ?? mail['subject'];
  if (!templated && (typeof subject !== 'string' || subject === ''))
    return ['The subject is required.', 'subject'];
  const args = { ...(mail['custom_args'] as Json), ...(one['custom_args'] as Json) };
  if (Object.values(args).some((value) => typeof value !== 'string'))
    return ['The custom_args values must be strings', 'custom_args'];
  if (Buffer.byteLength(JSON.stringify(args)) > MAX_CUSTOM_ARGS)
    return ['The custom_args must be less than 10000 bytes', 'custom_args'];
  const headers = { ...(mail['headers'] as Json), ...(one['headers'] as Json) };
  if (Object.keys(headers).some((name) => RESERVED.has(name.toLowerCase())))
    return ['The headers hold one that may not be overwritten', 'headers'];
  return undefined;
}

function messagesOf(mail: Json, messageId: string): SendGridMessage[] {
  return listOf(mail['personalizations']).flatMap((one) =>
    listOf(one['to']).map(({ email }) => ({
      messageId,
      to: String(email),
      from: String((mail['from'] as Json)['email']),
      subject: (one['subject'] ?? mail['subject']) as string | undefined,
      templateId: mail['template_id'] as string | undefined,
      content: listOf(mail['content']) as SendGridMessage['content'],
      customArgs: { ...(mail['custom_args'] as object), ...(one['custom_args'] as object) },
      headers: { ...(mail['headers'] as object), ...(one['headers'] as object) },
    })),
  );
}

function problem(status: number, message: string, field: string | null): Reply {
  return { status, json: { errors: [{ message, field, help: null }] } };
}

function isAddress(value: unknown): boolean {
  return ADDRESS.test(String((value as Json | undefined)?.['email']));
}

function listOf(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}

function parse(body: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}
