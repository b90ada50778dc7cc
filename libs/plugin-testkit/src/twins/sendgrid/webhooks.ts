import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { ControlRefusal, type ControlRoute } from '../control-server';
import type { EventRequest, SendGridMessage, Webhook, WebhookRequest } from './contract';

/** The signed event webhook: ECDSA over P-256 and SHA-256 of the timestamp and the body, in DER and base64. */
export function webhookRoutes(newest: (to: string) => SendGridMessage | undefined): ControlRoute[] {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const key = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

  function made({ events, ageSeconds = 0 }: WebhookRequest): Webhook {
    const timestamp = String(Math.floor(Date.now() / 1000) - ageSeconds);
    const body = `${JSON.stringify(events.map((event) => eventOf(event, Number(timestamp))))}\r\n`;
    const signature = createSign('sha256')
      .update(timestamp + body)
      .sign(privateKey, 'base64');
    return {
      body,
      headers: {
        'content-type': 'application/json;charset=utf-8',
        'x-twilio-email-event-webhook-signature': signature,
        'x-twilio-email-event-webhook-timestamp': timestamp,
      },
    };
  }

  function eventOf({ to, event, fields }: EventRequest, timestamp: number): object {
    const message = newest(to);
    if (!message) throw new ControlRefusal(`no message went to that address`);
    return {
      email: to,
      timestamp,
      'smtp-id': `<${message.messageId}@geopod-ismtpd-0>`,
      event,
      category: [],
      sg_event_id: randomBytes(24).toString('base64url'),
      sg_message_id: `${message.messageId}.recvd-5f54b5d587-pczjm-1-67BADEEA-6.0`,
      ...message.customArgs,
      ...fields,
    };
  }

  return [
    ['GET', /^\/_twin\/key$/, () => ({ key })],
    [
      'POST',
      /^\/_twin\/webhooks$/,
      async ({ body }) => {
        const request = body as WebhookRequest;
        const webhook = made(request);
        if (request.url !== undefined) webhook.posted = await post(request.url, webhook);
        return webhook;
      },
    ],
  ];
}

async function post(url: string, { body, headers }: Webhook): Promise<number> {
  return (await fetch(url, { method: 'POST', body, headers })).status;
}
