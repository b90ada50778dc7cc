import { type Exchange, type ExchangeBody, type ItemsExchange, MOST_BODY } from '@percorso/plugin-kit';
import type { Redactor } from './plugin-log';

/** Headers whose values may be told; of the others not even the names are. */
const SHOWN_HEADERS = new Set([
  ...['accept', 'content-type', 'content-length', 'content-encoding', 'date', 'server', 'user-agent', 'via'],
  ...['retry-after', 'allow', 'soapaction', 'x-request-id', 'request-id', 'x-correlation-id', 'x-message-id'],
  ...['x-amzn-requestid', 'twilio-request-id', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'],
  ...['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'idempotency-key'],
]);
const MOST_VALUE = 300;
const MOST_URL = 1000;
const MOST_EXCHANGES = 64;

const NAME =
  '[\\w.:-]*(?:token|secret|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key|authorization|credential|signature|session)[\\w.:-]*';
/** What a name says is a secret, as JSON, as XML (an element, an attribute) and as a form. */
const BY_NAME: readonly [RegExp, string][] = [
  [new RegExp(`("${NAME}"\\s*:\\s*)(?:"(?:[^"\\\\]|\\\\.)*"?|[^\\s,}\\]"]+)`, 'gi'), '$1"[secret]"'],
  [new RegExp(`(<${NAME}(?:\\s[^<>]*)?>)[^<]+`, 'gi'), '$1[secret]'],
  [new RegExp(`(\\b${NAME}\\s*=\\s*["'])[^"'<>]*`, 'gi'), '$1[secret]'],
  [new RegExp(`((?:^|&)${NAME}=)[^&\\s"'<>]+`, 'gi'), '$1[secret]'],
  [/\b(Bearer|Basic) +[\w.~+/=-]{8,}/gi, '$1 [secret]'],
];

/**
 * What a plugin's process says went over the wire, as far as it makes sense and may be kept: without the connector's secrets,
 * without what a name says is one, with few headers, cut at 4,000 characters a body.
 */
export function toldExchanges(given: unknown, count: number, redactor: Redactor): ItemsExchange[] {
  if (!Array.isArray(given)) return [];
  return given.slice(0, MOST_EXCHANGES).flatMap((one: Partial<ItemsExchange> | null) => {
    const exchange = exchangeOf(one?.exchange, redactor);
    const [items, of] = [placesOf(one?.items, count), placesOf(one?.of, count)];
    return exchange && items.length > 0 ? [{ items, of, exchange }] : [];
  });
}

function placesOf(given: unknown, count: number): number[] {
  if (!Array.isArray(given)) return [];
  return given
    .filter((place): place is number => Number.isInteger(place) && place >= 0 && place < count)
    .slice(0, count);
}

function exchangeOf(given: Exchange | undefined, redactor: Redactor): Exchange | undefined {
  const text = (value: unknown, most: number): string =>
    withoutSecrets(String(value ?? '').slice(0, most), redactor);
  const number = (value: unknown): number => (typeof value === 'number' && value >= 0 ? value : 0);
  const at = Number.isNaN(Date.parse(String(given?.at))) ? new Date(0).toISOString() : String(given!.at);
  if (given?.kind === 'stream') {
    const { sentBytes, receivedBytes } = given;
    return {
      kind: 'stream',
      at,
      host: text(given.host, MOST_VALUE),
      port: number(given.port),
      sentBytes: number(sentBytes),
      receivedBytes: number(receivedBytes),
    };
  }
  if (given?.kind !== 'http' || typeof given.request !== 'object' || given.request === null) return undefined;
  const { request, response } = given;
  return {
    kind: 'http',
    at,
    tookMs: number(given.tookMs),
    request: {
      method: text(request.method, 20),
      url: urlOf(text(request.url, MOST_URL)),
      headers: headersOf(request.headers, redactor),
      body: bodyOf(request.body, redactor),
    },
    response: response
      ? {
          status: number(response.status),
          headers: headersOf(response.headers, redactor),
          body: bodyOf(response.body, redactor),
        }
      : null,
    error: given.error === null ? null : text(given.error, 100),
  };
}

/** Of the query names and no values: keys and tokens like to stand there. */
function urlOf(text: string): string {
  if (!URL.canParse(text)) return '';
  const { origin, pathname, searchParams } = new URL(text);
  const names = [...new Set(searchParams.keys())].map((name) => `${encodeURIComponent(name)}=…`);
  return `${origin}${pathname}${names.length > 0 ? `?${names.join('&')}` : ''}`;
}

function headersOf(given: unknown, redactor: Redactor): Record<string, string> {
  if (typeof given !== 'object' || given === null) return {};
  return Object.fromEntries(
    Object.entries(given)
      .map(([name, value]): [string, string] => [name.toLowerCase(), String(value)])
      .filter(([name]) => SHOWN_HEADERS.has(name))
      .map(([name, value]) => [name, withoutSecrets(value.slice(0, MOST_VALUE), redactor)]),
  );
}

function bodyOf(given: ExchangeBody | null | undefined, redactor: Redactor): ExchangeBody | null {
  if (typeof given?.text !== 'string') return null;
  const { bytes } = given;
  // A secret that the cut goes through is one whose beginning is told: so much more is looked at than is kept.
  const whole = given.text.length < MOST_BODY;
  const text = withoutSecrets(given.text.slice(0, MOST_BODY), redactor);
  return {
    text: whole ? text : text.replace(/[^\s"'<>&,;]{1,200}$/, '…'),
    bytes: typeof bytes === 'number' ? bytes : null,
  };
}

const withoutSecrets = (text: string, redactor: Redactor): string =>
  BY_NAME.reduce((line, [pattern, put]) => line.replace(pattern, put), redactor.secretsOf(text)).replaceAll(
    '\u0000',
    '',
  );
