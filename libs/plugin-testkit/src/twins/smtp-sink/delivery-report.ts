import { randomUUID } from 'node:crypto';
import { BounceRequest, SinkJournalEntry } from './contract';

const MTA = 'sink.percorso.test';

/** An RFC 3464 report, as the receiving side's MTA mails it to the envelope sender. */
export function deliveryReport(
  request: Required<Omit<BounceRequest, 'url' | 'messageId'>>,
  about: SinkJournalEntry,
  now: Date,
): string {
  const boundary = `report-${randomUUID()}`;
  const date = now.toUTCString().replace('GMT', '+0000');
  const part = (type: string, ...lines: string[]): string[] => [
    `--${boundary}`,
    `Content-Type: ${type}`,
    '',
    ...lines,
    '',
  ];
  return [
    `From: Mail Delivery System <MAILER-DAEMON@${MTA}>`,
    `To: ${about.envelope.from}`,
    `Subject: ${request.action === 'failed' ? 'Undelivered Mail Returned to Sender' : 'Delayed Mail'}`,
    `Date: ${date}`,
    `Message-ID: <${randomUUID()}@${MTA}>`,
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status; boundary="${boundary}"`,
    '',
    ...part(
      'text/plain; charset=us-ascii',
      `Your message to ${request.recipient} was not delivered:`,
      request.diagnostic,
    ),
    ...part(
      'message/delivery-status',
      `Reporting-MTA: dns; ${MTA}`,
      `Arrival-Date: ${new Date(about.time).toUTCString().replace('GMT', '+0000')}`,
      '',
      `Original-Recipient: rfc822;${request.recipient}`,
      `Final-Recipient: rfc822; ${request.recipient}`,
      `Action: ${request.action}`,
      `Status: ${request.status}`,
      `Diagnostic-Code: smtp; ${request.diagnostic}`,
      `Last-Attempt-Date: ${date}`,
    ),
    ...part(
      'text/rfc822-headers',
      ...Object.entries(about.headers).map(([name, value]) => `${name}: ${value}`),
    ),
    `--${boundary}--`,
    '',
  ].join('\r\n');
}
