import { BadPayload, BadReceipt } from '../errors';
import type { Plugin, ReceiptRequest } from '../plugin';
import type { DeclaredReceipts } from './declaration';
import { eventsOf } from './declared-events';
import { proofOf } from './declared-proof';
import { evaluator } from './expression';
import type { Settings } from './requester';

export function receiptsOf(
  declared: DeclaredReceipts,
  at: string,
): NonNullable<Plugin<Settings>['receipts']> {
  const prove = proofOf(declared.proof, `${at}/proof`);
  const events = evaluator(declared.events, `${at}/events`);
  return async (raw, { settings, now, log }, request) => {
    const input = { settings, raw, body: bodyOf(raw, declared.type), request: request && seen(request) };
    const moment = { seed: raw, at: now() };
    try {
      // Without a request it was handed in by somebody with a key of the hub's.
      if (request) await prove(input, moment);
      return eventsOf(await events(input, moment), log);
    } catch (error) {
      // Refused, it comes again, and can be read once the description is mended.
      if (error instanceof BadPayload) throw new BadReceipt(error.message, { cause: error });
      throw error;
    }
  };
}

function seen({ url, headers }: ReceiptRequest): object {
  const query = URL.canParse(url) ? Object.fromEntries(new URL(url).searchParams) : {};
  return { url, query, headers };
}

/** undefined where it is not of the type described: that tells nothing. */
function bodyOf(raw: string, type: DeclaredReceipts['type'] = 'json'): unknown {
  if (type === 'form') return Object.fromEntries(new URLSearchParams(raw));
  try {
    return JSON.parse(raw) as unknown;
  } catch {
    return undefined;
  }
}
