import { isAxiosError } from 'axios';
import type { PluginError } from '../errors';
import { rejected, retry, unknown, type Verdict } from '../verdict';

/** What a thrown error means: one verdict for every item of the call, or a fault of the connector itself. */
export type Classified = { verdict: Verdict } | { fault: Fault };

/** The connector itself, or a receipt handed to it, is at fault. */
export interface Fault {
  code: 'bad-credentials' | 'bad-settings' | 'bad-receipt';
  message: string;
  pointer?: string;
}

/**
 * Plugins' own errors speak for themselves. Of the rest, only those raised before a connection stood are surely not
 * accepted; an HTTP answer is read by its status; everything else is unknown.
 */
export function classify(error: unknown): Classified {
  const cause = causes(error).find(isKnown);
  if (cause) return byKind(cause);
  if (isAxiosError(error) && error.response) return byStatus(error.response.status, error.response.headers);
  const code = causes(error).map(errorCode).find(Boolean);
  // Requests are cancelled by `ctx.signal` alone.
  if (code === 'ERR_CANCELED') return { verdict: unknown('deadline') };
  return { verdict: unknown(code ? code.toLowerCase().replaceAll('_', '-') : 'plugin-error') };
}

/**
 * The verdict for the items of a call that threw, for plugins that make several calls for one batch.
 * @throws the error itself when it is a fault of the connector (credentials, settings)
 */
export function verdictFor(error: unknown): Verdict {
  const classified = classify(error);
  if ('fault' in classified) throw error;
  return classified.verdict;
}

type Known = PluginError & { afterSeconds?: number; code?: string; pointer?: string };

const KINDS = new Set([
  'bad-credentials',
  'bad-settings',
  'bad-receipt',
  'try-later',
  'bad-payload',
  'unclear',
  'not-connected',
]);

/** Reasons of a connection never made that trying again does not change. */
const MENDED_BY_ADMINS = new Set(['egress-denied', 'private-address', 'certificate-refused']);

function isKnown(error: Error): error is Known {
  return KINDS.has(String((error as { kind?: unknown }).kind));
}

function byKind(error: Known): Classified {
  switch (error.kind as string) {
    case 'bad-credentials':
      return { fault: { code: 'bad-credentials', message: error.message } };
    case 'bad-settings':
      return { fault: { code: 'bad-settings', message: error.message, pointer: error.pointer } };
    case 'bad-receipt':
      return { fault: { code: 'bad-receipt', message: error.message } };
    case 'bad-payload':
      return { verdict: rejected(error.code ?? 'rejected', error.message) };
    case 'unclear':
      return { verdict: unknown(error.code ?? 'unclear') };
    case 'not-connected':
      return MENDED_BY_ADMINS.has(String(error.code))
        ? { fault: { code: 'bad-settings', message: error.message } }
        : { verdict: retry(undefined, error.code ?? 'not-connected') };
    default:
      return { verdict: retry(error.afterSeconds) };
  }
}

function byStatus(status: number, headers: unknown): Classified {
  if (status === 401 || status === 403) {
    return { fault: { code: 'bad-credentials', message: `The provider answered HTTP ${status}.` } };
  }
  if (status === 429 || status === 503 || status === 425) {
    return { verdict: retry(retryAfter(headers), `http-${status}`) };
  }
  if (status >= 400 && status < 500 && status !== 408) {
    return { verdict: rejected(`http-${status}`, `The provider answered HTTP ${status}.`) };
  }
  return { verdict: unknown(`http-${status}`) };
}

/** Seconds from a Retry-After header in either of its forms. */
export function retryAfter(headers: unknown, now: number = Date.now()): number | undefined {
  const value = (headers as Record<string, unknown> | undefined)?.['retry-after'];
  if (typeof value !== 'string') return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value);
  const at = /^[A-Za-z]{3,9}, /.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
}

function causes(error: unknown): Error[] {
  const chain: Error[] = [];
  let next = error;
  while (next instanceof Error && chain.length < 5) {
    chain.push(next);
    next = next.cause;
  }
  return chain;
}

function errorCode(error: Error): string | undefined {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : undefined;
}
