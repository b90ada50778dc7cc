import type { AxiosInstance, AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import type { Socket } from 'node:net';
import type { Context, Item } from '../plugin';
import type { Verdict } from '../verdict';

/** Characters kept of each body. */
export const MOST_BODY = 4000;
/** Told of one call at most. */
const MOST_EXCHANGES = 64;

export interface HttpExchange {
  kind: 'http';
  /** When the request left, ISO 8601. */
  at: string;
  tookMs: number;
  request: { method: string; url: string; headers: Record<string, string>; body: ExchangeBody | null };
  /** null: there was no answer. */
  response: { status: number; headers: Record<string, string>; body: ExchangeBody | null } | null;
  /** Why there was none, as Node calls it. */
  error: string | null;
}

/** A connection that is no HTTP, such as SMTP: what was said on it may be encrypted, so only its size is told. */
export interface StreamExchange {
  kind: 'stream';
  /** When it was opened, ISO 8601. */
  at: string;
  host: string;
  port: number;
  sentBytes: number;
  receivedBytes: number;
}

/** `text` may be cut; `bytes` is how long it was, null where that is not known. */
export interface ExchangeBody {
  text: string;
  bytes: number | null;
}

export type Exchange = HttpExchange | StreamExchange;

/** What went over the wire for some items of a call, by their places in it. */
export interface ItemsExchange {
  items: number[];
  /** The places of all items it was about, failing or not. */
  of: number[];
  exchange: Exchange;
}

interface Seen {
  config: InternalAxiosRequestConfig;
  at: number;
  endedAt?: number;
  response?: AxiosResponse;
  error?: unknown;
}

/** The last request made for some items; only what failed is ever looked at. */
class Part {
  last?: Seen;
  constructor(readonly items: readonly Item[]) {}
}

const CALL = Symbol('percorso:exchanges');
/** In an axios configuration: the part whose request it is. */
const PART = 'percorsoPart';
type Configured = InternalAxiosRequestConfig & { [PART]?: Part };

/** Remembers the last request of one call of a plugin, and of each part of it. Nothing is copied unless it is asked for. */
export class CallExchanges {
  private readonly whole: Part;
  private readonly parts = new Map<Item, Part>();

  constructor(items: readonly Item[]) {
    this.whole = new Part(items);
  }

  part(items: readonly Item[]): Part {
    const part = new Part(items);
    for (const item of items) this.parts.set(item, part);
    return part;
  }

  /** To be told of every request before it is made. @returns what to call with its end */
  began(config: InternalAxiosRequestConfig): (response?: AxiosResponse, error?: unknown) => void {
    const part = (config as Configured)[PART];
    const seen: Seen = { config, at: Date.now() };
    this.whole.last = seen;
    if (part) part.last = seen;
    return (response, error) => {
      seen.endedAt = Date.now();
      seen.response = response;
      seen.error = error;
    };
  }

  /** What went over the wire for the items whose verdicts are not 'accepted'; `stream` where no HTTP was spoken. */
  ofFailing(items: readonly Item[], verdicts: readonly Verdict[], stream?: StreamExchange): ItemsExchange[] {
    const failing = new Map<Part, number[]>();
    verdicts.forEach((verdict, index) => {
      const item = items[index];
      if (verdict?.status === 'accepted' || item === undefined) return;
      // Where a plugin says what its requests are about, none was about an item that it does not name.
      const part = this.parts.get(item) ?? (this.parts.size === 0 ? this.whole : undefined);
      if (!part) return;
      failing.set(part, [...(failing.get(part) ?? []), index]);
    });
    return [...failing].slice(0, MOST_EXCHANGES).flatMap(([part, places]) => {
      const exchange = part.last ? httpExchange(part.last) : stream;
      const of = new Set(part.items);
      return exchange
        ? [{ items: places, of: items.flatMap((item, index) => (of.has(item) ? [index] : [])), exchange }]
        : [];
    });
  }
}

/** Has what is called with a context noted in `exchanges`. */
export function noteExchanges<C extends object>(ctx: C, exchanges: CallExchanges): C {
  return Object.defineProperty(ctx, CALL, { value: exchanges });
}

/** Where a method of axios takes its configuration. */
const CONFIG_AT: Record<string, number> = {
  request: 0,
  ...{ get: 1, delete: 1, head: 1, options: 1 },
  ...{ post: 2, put: 2, patch: 2, postForm: 2, putForm: 2, patchForm: 2 },
};

/**
 * A context for a part of a call: what is requested with it is shown with the dead letters of these items. `itemwise` and
 * `partwise` use it by themselves; a plugin that splits a batch on its own says with it which items a request is about.
 */
export function partOf<S>(ctx: Context<S>, items: readonly Item[]): Context<S> {
  const exchanges = (ctx as { [CALL]?: CallExchanges })[CALL];
  if (!exchanges) return ctx;
  const part = exchanges.part(items);
  return noteExchanges({ ...ctx, http: withPart(ctx.http, part) }, exchanges);
}

/** axios as it is, whose configurations name the part. An instance of its own for each would cost more than a request. */
function withPart(http: AxiosInstance, part: Part): AxiosInstance {
  const named = (args: unknown[], at: number): unknown[] => {
    const copy = [...args];
    copy[at] = { ...(args[at] as object | undefined), [PART]: part };
    return copy;
  };
  return new Proxy(http, {
    apply: (target, self, args: unknown[]) =>
      Reflect.apply(target, self, named(args, typeof args[0] === 'string' ? 1 : 0)) as unknown,
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      const at = typeof name === 'string' ? CONFIG_AT[name] : undefined;
      if (at === undefined || typeof value !== 'function') return value;
      return (...args: unknown[]) => Reflect.apply(value, target, named(args, at)) as unknown;
    },
  });
}

function httpExchange({ config, at, endedAt, response, error }: Seen): HttpExchange {
  const answered = response ?? (error as { response?: AxiosResponse } | undefined)?.response;
  const code = (error as { code?: unknown } | undefined)?.code;
  return {
    kind: 'http',
    at: new Date(at).toISOString(),
    tookMs: (endedAt ?? Date.now()) - at,
    request: {
      method: (config.method ?? 'get').toUpperCase(),
      url: config.url === undefined ? '' : absolute(config),
      headers: headersOf(config.headers),
      body: bodyOf(config.data),
    },
    response: answered
      ? { status: answered.status, headers: headersOf(answered.headers), body: bodyOf(answered.data) }
      : null,
    error: answered ? null : typeof code === 'string' ? code : 'no-answer',
  };
}

function absolute({ baseURL, url = '', params }: InternalAxiosRequestConfig): string {
  const whole = URL.canParse(url, baseURL) ? new URL(url, baseURL) : undefined;
  if (!whole) return url;
  // Values of parameters are not told anyway.
  for (const name of Object.keys((params as object | undefined) ?? {})) whole.searchParams.set(name, '');
  return whole.href;
}

function headersOf(headers: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries((headers ?? {}) as object).flatMap(([name, value]) =>
      typeof value === 'string' || typeof value === 'number' ? [[name.toLowerCase(), String(value)]] : [],
    ),
  );
}

function bodyOf(data: unknown): ExchangeBody | null {
  if (data === undefined || data === null || data === '') return null;
  if (Buffer.isBuffer(data))
    return { text: data.subarray(0, MOST_BODY).toString('utf8'), bytes: data.length };
  const text = typeof data === 'string' ? data : textOf(data);
  return text === undefined ? null : { text: text.slice(0, MOST_BODY), bytes: Buffer.byteLength(text) };
}

/** A parsed answer as text again; streams and what has no text are not told. */
function textOf(data: unknown): string | undefined {
  if (data instanceof URLSearchParams) return data.toString();
  if (typeof (data as { pipe?: unknown }).pipe === 'function') return undefined;
  try {
    return JSON.stringify(data);
  } catch {
    return undefined;
  }
}

/** The connection a plugin opened last that is no HTTP. */
export class LastStream {
  private last?: { host: string; port: number; at: number; socket: Socket };

  opened(host: string, port: number, socket: Socket): void {
    this.last = { host, port, at: Date.now(), socket };
  }

  get exchange(): StreamExchange | undefined {
    if (!this.last) return undefined;
    const { host, port, at, socket } = this.last;
    return {
      kind: 'stream',
      at: new Date(at).toISOString(),
      host,
      port,
      sentBytes: socket.bytesWritten,
      receivedBytes: socket.bytesRead,
    };
  }
}
