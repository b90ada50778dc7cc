import { createHmac } from 'node:crypto';
import { ControlRefusal, type ControlRoute } from '../control-server';
import type { Account } from './messages-api';
import type { Callback, CallbackRequest, TwilioMessage } from './contract';

/** Status callbacks, signed as https://www.twilio.com/docs/usage/webhooks/webhooks-security says. */
export function callbackRoutes(
  account: Account,
  find: (sid: string) => TwilioMessage | undefined,
): ControlRoute[] {
  return [
    [
      'POST',
      /^\/_twin\/callbacks$/,
      async ({ body }) => {
        const request = body as CallbackRequest;
        const message = find(request.sid);
        if (!message?.statusCallback) throw new ControlRefusal('no such message that wants callbacks');
        const callback = made(request, message, message.statusCallback, account);
        if (request.post) callback.posted = await post(callback);
        return callback;
      },
    ],
  ];
}

function made(
  { status, errorCode }: CallbackRequest,
  message: TwilioMessage,
  url: string,
  account: Account,
): Callback {
  const form = new URLSearchParams({
    ...(status === 'delivered' || status === 'undelivered' ? { RawDlrDoneDate: doneDate(new Date()) } : {}),
    SmsSid: message.sid,
    SmsStatus: status,
    MessageStatus: status,
    ...(errorCode === undefined ? {} : { ErrorCode: String(errorCode) }),
    To: message.to,
    MessageSid: message.sid,
    AccountSid: account.sid,
    From: message.from ?? '+15005550006',
    ApiVersion: '2010-04-01',
  });
  const signed = [...form.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flat()
    .join('');
  const signature = createHmac('sha1', account.token)
    .update(url + signed)
    .digest('base64');
  return {
    url,
    body: form.toString(),
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'x-twilio-signature': signature,
      'i-twilio-idempotency-token': message.sid,
    },
  };
}

/** YYMMDDhhmm, in whatever zone the carrier is in. */
const doneDate = (at: Date): string => at.toISOString().replace(/\D/g, '').slice(2, 12);

async function post({ url, body, headers }: Callback): Promise<number> {
  return (await fetch(url, { method: 'POST', body, headers })).status;
}
