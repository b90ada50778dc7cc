import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { BadReceipt, BadSettings, type ReceiptRequest } from '@percorso/plugin-kit';

/**
 * SendGrid repeats an unheard webhook for 24 hours
 * (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook), and does not say whether
 * it signs it anew; what is older is no repetition of SendGrid's.
 */
const MAX_AGE_MS = 25 * 3600_000;

/**
 * The signed event webhook
 * (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features):
 * ECDSA with SHA-256 over the timestamp and the bytes of the body, in DER and base64. @throws BadReceipt, BadSettings
 */
export function assertSigned(
  raw: string,
  { headers }: ReceiptRequest,
  webhookKey: string | undefined,
  now: Date,
): void {
  if (webhookKey === undefined)
    throw new BadSettings('/webhookKey', 'Without the verification key no webhook can be believed.');
  const signature = headers['x-twilio-email-event-webhook-signature'] ?? '';
  const timestamp = headers['x-twilio-email-event-webhook-timestamp'] ?? '';
  if (!isSigned(keyOf(webhookKey), raw, signature, timestamp))
    throw new BadReceipt('The signature is not made with the key of the settings.');
  if (!(now.getTime() - Number(timestamp) * 1000 <= MAX_AGE_MS))
    throw new BadReceipt('The webhook was signed more than a day ago.');
}

export function isSigned(key: KeyObject, raw: string, signature: string, timestamp: string): boolean {
  try {
    return verify('sha256', Buffer.from(timestamp + raw), key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

/** As the console shows it, with or without the lines of PEM. @throws BadSettings */
export function keyOf(webhookKey: string): KeyObject {
  const der = Buffer.from(webhookKey.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    throw new BadSettings('/webhookKey', 'This is no public key.');
  }
}
