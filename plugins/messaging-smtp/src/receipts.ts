import { createHash } from 'node:crypto';
import type { Context, MessageEvent } from '@percorso/plugin-kit';
import type { SmtpSettings } from './settings';
import { withoutAddresses } from './send';

/** Bounces out of a delivery status notification (RFC 3464) as it was mailed back. Other mail gives nothing. */
export async function receipts(raw: string, ctx: Context<SmtpSettings>): Promise<MessageEvent[]> {
  return parseReport(raw, ctx.now());
}

/** One event per failed recipient of the report. */
export function parseReport(raw: string, now: Date): MessageEvent[] {
  const parts = leaves(raw, 0);
  const status = parts.find((part) => part.type === 'message/delivery-status');
  if (!status) return [];
  const original = parts.find(
    (part) => part.type === 'message/rfc822' || part.type === 'text/rfc822-headers',
  );
  const messageId = original && headersOf(original.body).get('message-id');
  const [, ...recipients] = status.body.split(/\r?\n\s*\r?\n/).map(headersOf);
  return recipients.flatMap((fields) => eventOf(fields, messageId, headersOf(raw).get('date'), now));
}

function eventOf(
  fields: Map<string, string>,
  messageId: string | undefined,
  date: string | undefined,
  now: Date,
): MessageEvent[] {
  const address = addressIn(fields.get('original-recipient')) ?? addressIn(fields.get('final-recipient'));
  if (fields.get('action')?.toLowerCase() !== 'failed' || address === undefined) return [];
  const status = /^[245]\.\d{1,3}\.\d{1,3}/.exec(fields.get('status') ?? '')?.[0] ?? '5.0.0';
  const occurred = Date.parse(fields.get('last-attempt-date') ?? date ?? '');
  return [
    {
      id: createHash('sha256').update(`${messageId}|${address}|${status}`).digest('base64url'),
      type: 'bounced',
      channel: 'email',
      address,
      at: (Number.isNaN(occurred) ? now : new Date(occurred)).toISOString(),
      bounce: status.startsWith('5.1.') ? 'hard' : 'soft',
      reason: `${status} ${withoutAddresses(fields.get('diagnostic-code') ?? '')}`.trim().slice(0, 300),
      ...(messageId === undefined ? {} : { providerId: messageId }),
    },
  ];
}

function addressIn(value: string | undefined): string | undefined {
  return /^rfc822\s*;\s*<?([^\s<>]+@[^\s<>]+?)>?$/i.exec(value ?? '')?.[1];
}

interface Part {
  type: string;
  body: string;
}

const MAX_DEPTH = 8;

/** The leaves of a MIME tree; a message inside is a leaf. */
function leaves(text: string, depth: number): Part[] {
  const split = /\r?\n\r?\n/.exec(text);
  const end = split ? split.index : text.length;
  const contentType = headersOf(text.slice(0, end)).get('content-type') ?? 'text/plain';
  const body = split ? text.slice(end + split[0].length) : '';
  const type = /^[^;\s]+/.exec(contentType)?.[0].toLowerCase() ?? '';
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (!type.startsWith('multipart/') || boundary === undefined || depth >= MAX_DEPTH) return [{ type, body }];
  return `\n${body}`
    .split(new RegExp(`\\r?\\n--${boundary.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`))
    .slice(1)
    .filter((part) => !part.startsWith('--'))
    .flatMap((part) => leaves(part.replace(/^[ \t]*\r?\n/, ''), depth + 1));
}

/** Header fields up to the first empty line, unfolded, names in lower case; of repeated ones the first. */
function headersOf(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  const [head = ''] = text.split(/\r?\n\r?\n/, 1);
  for (const line of head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    if (colon > 0 && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  return fields;
}
