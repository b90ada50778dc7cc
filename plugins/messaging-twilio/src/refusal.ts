import { BadSettings, rejected, retry, type Verdict } from '@percorso/plugin-kit';

/*
 * Codes of https://www.twilio.com/docs/api/errors, each with a page of its own (…/errors/21211). Twilio may put others in
 * their place at any time (https://www.twilio.com/en-us/changelog/updates-to-the-error-code-dictionary-to-clarify-number-validatio),
 * so that a code unknown here refuses the one message and says nothing of the number or of the connector.
 */

/** Not a number (21211), a landline or no mobile number (21614, 21635): whoever sends, and whenever. */
const NO_SUCH_NUMBER = new Set([21211, 21614, 21635]);
/** The sender is no sender at all (21212), none was named (21603), it is another account's (21660), takes no SMS (21661). */
const BAD_FROM = new Set([21212, 21603, 21660, 21661]);
/** The messaging service is not there (21701, which comes with HTTP 404), rests (21702), is empty (21704), or is no SID (21705). */
const BAD_SERVICE = new Set([21701, 21702, 21704, 21705]);
/**
 * The sender cannot send to this number, though it may to others: 21401 no sender of that country, 21606 a number of another
 * country or account, 21657 a name that is not taken there, 21659 a short code of another country or no number of Twilio's,
 * 21703 no number of the service reaches it, 21910 another channel.
 */
const NOT_FROM_HERE = new Set([21401, 21606, 21657, 21659, 21703, 21910]);
const OPTED_OUT = 21610;
/** More than the sender can send in hours waits already. */
const QUEUE_FULL = 21611;

/**
 * What Twilio's code says of one message; undefined where `data` holds none.
 * @throws BadSettings when no message of these settings can go out
 */
export function refusal(data: unknown, senderOfSettings: boolean): Verdict | undefined {
  const { code: number, message } = (data ?? {}) as { code?: unknown; message?: unknown };
  if (typeof number !== 'number') return undefined;
  const code = `twilio-${number}`;
  const reason = withoutNumbers(typeof message === 'string' ? message : 'Twilio refuses the message.');
  if (number === QUEUE_FULL) return retry(60, code);
  if (number === OPTED_OUT)
    return rejected('opted-out', 'The recipient told Twilio to stop.', { pointer: '/to' });
  if (NO_SUCH_NUMBER.has(number)) return rejected(code, reason, { pointer: '/to', bounce: 'hard' });
  if (BAD_SERVICE.has(number) && senderOfSettings) throw new BadSettings('/messagingServiceSid', reason);
  if (BAD_FROM.has(number) && senderOfSettings) throw new BadSettings('/from', reason);
  const isSender = [BAD_SERVICE, BAD_FROM, NOT_FROM_HERE].some((codes) => codes.has(number));
  return rejected(code, reason, isSender ? { pointer: '/from' } : {});
}

/** Twilio repeats numbers; reasons are kept, people are not. */
export function withoutNumbers(text: string): string {
  return text.replace(/\+?\d[\d ().-]{5,}\d/g, '…').slice(0, 300);
}
