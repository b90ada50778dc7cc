import { randomBytes } from 'node:crypto';
import type { Call, Reply } from '../http/http-provider';
import type { TwilioMessage } from './contract';

export interface Account {
  sid: string;
  token: string;
}

const FIELDS = new Set(['To', 'From', 'MessagingServiceSid', 'Body', 'MediaUrl', 'StatusCallback']);
const E164 = /^\+[1-9]\d{6,14}$/;
/** Alphanumeric sender: up to 11 letters, digits and blanks, at least one letter. */
const SENDER = /^(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}$/;
const MAX_BODY = 1600;
const MAX_MEDIA = 10;

/**
 * Twilio's magic numbers (https://www.twilio.com/docs/iam/test-credentials): what a message to or from them is refused
 * with. Others are taken.
 */
const TO: Record<string, [number, string]> = {
  '+15005550001': [21211, "Invalid 'To' Phone Number"],
  '+15005550002': [21612, "Message cannot be sent with the current combination of 'To' and 'From'"],
  '+15005550003': [21408, 'Permission to send an SMS has not been enabled for the region'],
  '+15005550004': [21610, 'Attempt to send to unsubscribed recipient'],
  '+15005550009': [21614, "'To' number is not a valid mobile number"],
};
const FROM: Record<string, [number, string]> = {
  '+15005550001': [21212, "Invalid 'From' Number"],
  '+15005550007': [21606, "The 'From' number is not a valid message-capable number for this account"],
  '+15005550008': [21611, "This 'From' number has exceeded the maximum number of queued messages"],
};

/** The part of Twilio's REST API 2010-04-01 that sends messages; stricter than Twilio about what it does not know. */
export function answer(call: Call, account: Account, keep: (message: TwilioMessage) => void): Reply {
  const [, sid, rest] =
    /^\/2010-04-01\/Accounts\/(AC[0-9a-fA-F]{32})(\.json|\/Messages\.json)$/.exec(call.path) ?? [];
  if (sid === undefined) return problem(404, 20404, `The requested resource ${call.path} was not found`);
  const credentials = `Basic ${Buffer.from(`${account.sid}:${account.token}`).toString('base64')}`;
  if (call.headers['authorization'] !== credentials) return problem(401, 20003, 'Authenticate');
  if (sid !== account.sid) return problem(404, 20404, `The requested resource ${call.path} was not found`);
  if (rest === '.json') {
    if (call.method !== 'GET') return problem(405, 20004, 'Method not allowed');
    return { status: 200, json: { sid, status: 'active', type: 'Full', friendly_name: 'Shop' } };
  }
  if (call.method !== 'POST') return problem(405, 20004, 'Method not allowed');
  return create(call, account, keep);
}

function create(call: Call, account: Account, keep: (message: TwilioMessage) => void): Reply {
  if (call.headers['content-type']?.split(';')[0] !== 'application/x-www-form-urlencoded')
    return problem(415, 20415, 'Unsupported media type');
  const form = new URLSearchParams(call.body);
  const refused = refusal(form);
  // https://www.twilio.com/docs/api/errors/21701 names the status.
  if (refused) return problem(refused[0] === 21701 ? 404 : 400, ...refused);
  const value = (name: string): string | undefined => form.get(name) ?? undefined;
  const message: TwilioMessage = {
    sid: `SM${randomBytes(16).toString('hex')}`,
    to: String(value('To')),
    from: value('From'),
    messagingServiceSid: value('MessagingServiceSid'),
    body: value('Body'),
    mediaUrls: form.getAll('MediaUrl'),
    statusCallback: value('StatusCallback'),
  };
  return { status: 201, json: resource(message, account), accept: () => keep(message) };
}

/** Why Twilio takes no message of this form. */
function refusal(form: URLSearchParams): [number, string] | undefined {
  const names = [...form.keys()];
  const odd = names.find(
    (name, at) => !FIELDS.has(name) || (name !== 'MediaUrl' && names.indexOf(name) !== at),
  );
  if (odd !== undefined) return [20001, `The parameter ${odd} is unknown here, or there twice`];
  const [to, from, service] = ['To', 'From', 'MessagingServiceSid'].map((name) => form.get(name));
  if (!to) return [21604, "A 'To' phone number is required."];
  if (!E164.test(to)) return [21211, `The 'To' number ${to} is not a valid phone number.`];
  if (!from && !service) return [21603, "A 'From' phone number is required."];
  if (service && !/^MG[0-9a-fA-F]{32}$/.test(service)) return [21701, 'The Messaging Service does not exist'];
  if (from && !E164.test(from) && !SENDER.test(from)) return [21212, "Invalid 'From' Number"];
  const body = form.get('Body') ?? '';
  const media = form.getAll('MediaUrl');
  if (body === '' && media.length === 0) return [21602, 'Message body is required.'];
  if (body.length > MAX_BODY)
    return [21617, 'The concatenated message body exceeds the 1600 character limit'];
  if (media.length > MAX_MEDIA || media.some((url) => !URL.canParse(url)))
    return [21620, 'Invalid media URL'];
  const callback = form.get('StatusCallback');
  if (callback !== null && !URL.canParse(callback)) return [21609, "Invalid 'StatusCallback' URL"];
  return TO[to] ?? FROM[String(from)];
}

function problem(status: number, code: number, message: string): Reply {
  const more_info = `https://www.twilio.com/docs/errors/${code}`;
  return { status, json: { code, message, more_info, status } };
}

function resource(message: TwilioMessage, account: Account): object {
  return {
    account_sid: account.sid,
    api_version: '2010-04-01',
    body: message.body ?? '',
    date_created: new Date().toUTCString(),
    date_sent: null,
    date_updated: new Date().toUTCString(),
    direction: 'outbound-api',
    error_code: null,
    error_message: null,
    from: message.from ?? null,
    messaging_service_sid: message.messagingServiceSid ?? null,
    num_media: String(message.mediaUrls.length),
    num_segments: '1',
    price: null,
    price_unit: null,
    sid: message.sid,
    status: message.messagingServiceSid === undefined ? 'queued' : 'accepted',
    to: message.to,
    uri: `/2010-04-01/Accounts/${account.sid}/Messages/${message.sid}.json`,
  };
}
