import type { Wire } from '@percorso/connector';
import { scrub } from '@percorso/kernel';
import type { ExchangeView } from './exchange.dto';
import { HIDDEN, hideQuoted } from './redaction';

/**
 * What went over the wire, as far as the reader may see it. Bodies hold whatever was sent with the row, other people's records
 * among it: who may not see profiles sees none of them, and of the rest nothing that stands in the row's payload or looks
 * like an address.
 */
export function exchangeView(
  { exchange, items, item }: Wire,
  payload: unknown,
  shows: boolean,
): ExchangeView {
  if (shows || exchange.kind === 'stream') return { ...exchange, items, item };
  const text = (value: string): string => scrub(hideQuoted(value, payload) ?? '');
  const hidden = <P extends { headers: Record<string, string>; body: Body }>(part: P): P => ({
    ...part,
    headers: Object.fromEntries(Object.entries(part.headers).map(([name, value]) => [name, text(value)])),
    body: part.body && { ...part.body, text: HIDDEN },
  });
  return {
    ...exchange,
    request: { ...hidden(exchange.request), url: text(decoded(exchange.request.url)) },
    response: exchange.response && hidden(exchange.response),
    items,
    item,
  };
}

type Body = { text: string; bytes: number | null } | null;

function decoded(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}
