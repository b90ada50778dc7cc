import { AddressObject, simpleParser } from 'mailparser';
import { SinkMessage } from './contract';

/** Reads a message as received. */
export async function readMessage(raw: Buffer): Promise<Omit<SinkMessage, 'envelope' | 'outcome'>> {
  const mail = await simpleParser(raw, { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true });
  const headers: Record<string, string> = {};
  for (const { key, line } of mail.headerLines) {
    const value = line
      .slice(line.indexOf(':') + 1)
      .replace(/\r?\n(?=[ \t])/g, '')
      .trim();
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  }
  return {
    messageId: mail.messageId ?? '',
    subject: mail.subject ?? '',
    from: addresses(mail.from)[0] ?? '',
    to: addresses(mail.to),
    headers,
    text: mail.text ?? '',
    html: mail.html || '',
    size: raw.length,
  };
}

function addresses(field: AddressObject | AddressObject[] | undefined): string[] {
  return [field ?? []].flat().flatMap((one) => one.value.map((address) => address.address ?? ''));
}
