import { createHmac, timingSafeEqual } from 'node:crypto';
import { parse, stringify } from 'node:querystring';

/**
 * Whether Twilio signed this request (https://www.twilio.com/docs/usage/webhooks/webhooks-security): HMAC-SHA1 under the
 * auth token over the address and, sorted by name, every field and its value. Twilio signs the address with or without
 * its port, and with its query in one of several spellings.
 */
export function isSigned(authToken: string, signature: string, url: string, form: URLSearchParams): boolean {
  const fields = [...new Set(form.keys())]
    .sort()
    .map((name) =>
      [...new Set(form.getAll(name))]
        .sort()
        .map((value) => name + value)
        .join(''),
    )
    .join('');
  return spellings(url).some((spelling) => {
    const expected = createHmac('sha1', authToken)
      .update(spelling + fields)
      .digest('base64');
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, Buffer.from(expected));
  });
}

function spellings(url: string): string[] {
  const normal = URL.canParse(url) ? new URL(url).toString() : url;
  return [url, normal, requoted(normal)].flatMap((one) => [
    withPort(one, ''),
    withPort(one, standardPort(one)),
  ]);
}

const HOST_AND_PORT = /^([a-z][a-z0-9+.-]*:\/\/(?:[^/?#]*@)?(?:\[[^\]]*\]|[^/?#:]*))(:[^/?#]*)?/i;

/** Without a port, or with the one it has, or else with `port`. */
function withPort(url: string, port: string): string {
  return url.replace(
    HOST_AND_PORT,
    (_, host: string, own?: string) => host + (port === '' ? '' : (own ?? port)),
  );
}

const standardPort = (url: string): string => (/^https:/i.test(url) ? ':443' : ':80');

function requoted(url: string): string {
  const at = url.indexOf('?');
  return at < 0 || at === url.length - 1 ? url : `${url.slice(0, at)}?${stringify(parse(url.slice(at + 1)))}`;
}
