import { rejected, type Verdict } from '@percorso/plugin-kit';
import type { TwilioSettings } from './settings';

/** https://www.twilio.com/docs/messaging/api/message-resource: a body has at most 1,600 characters, a message ten media. */
const MAX_BODY = 1600;
const MAX_MEDIA = 10;

/** The form of one message, or why there can be none. Fields stand in the order of Twilio's own library. */
export function formOf(
  payload: Record<string, unknown>,
  { statusCallback, ...settings }: Pick<TwilioSettings, 'from' | 'messagingServiceSid' | 'statusCallback'>,
): URLSearchParams | Verdict {
  const { to, text, from, mediaUrls = [] } = payload;
  if (typeof to !== 'string' || to === '')
    return rejected('bad-address', 'to must be a number in E.164', at('to'));
  if (text !== undefined && typeof text !== 'string')
    return rejected('bad-text', 'text must be text', at('text'));
  if (text !== undefined && text.length > MAX_BODY)
    return rejected('too-long', `A message has at most ${MAX_BODY} characters.`, at('text'));
  if (!Array.isArray(mediaUrls) || mediaUrls.length > MAX_MEDIA || mediaUrls.some((url) => !isUrl(url)))
    return rejected('bad-media', `mediaUrls must be a list of at most ${MAX_MEDIA} URLs`, at('mediaUrls'));
  if (!text && mediaUrls.length === 0)
    return rejected('no-body', 'text or mediaUrls must hold the message', at('text'));
  if (from !== undefined && typeof from !== 'string')
    return rejected('bad-sender', 'from must be text', at('from'));
  const service = from === undefined ? settings.messagingServiceSid : undefined;
  const sender = from ?? (service === undefined ? settings.from : undefined);
  if (service === undefined && sender === undefined)
    return rejected('no-sender', 'neither the payload nor the settings name a sender', at('from'));
  const fields: [string, string | undefined][] = [
    ['To', to],
    ['StatusCallback', statusCallback],
    ['From', sender],
    ['MessagingServiceSid', service],
    ['Body', text],
    ...mediaUrls.map((url): [string, string] => ['MediaUrl', String(url)]),
  ];
  return new URLSearchParams(fields.filter((field): field is [string, string] => field[1] !== undefined));
}

const at = (field: string): { pointer: string } => ({ pointer: `/${field}` });

function isUrl(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value);
}
