import type { AxiosInstance } from 'axios';
import type { Socket } from 'node:net';
import type { MessageEvent } from './message-event';
import type { Verdict } from './verdict';

/** Lines for the admin. Ids and counts only: never payloads, addresses or secrets. */
export interface PluginLog {
  info(message: string, fields?: Record<string, string | number | boolean>): void;
  warn(message: string, fields?: Record<string, string | number | boolean>): void;
}

/** All a plugin can reach. The network is what the host brokers; there is no other. */
export interface Context<S> {
  settings: S;
  /** axios over brokered, kept-alive connections: no redirects, no proxy, answers of at most 16 MiB. */
  http: AxiosInstance;
  /** A TCP connection to a host the manifest's `egress` allows. @throws NotConnected */
  connect(host: string, port: number): Promise<Socket>;
  log: PluginLog;
  /** Aborted shortly before the host's deadline, so that a call can still be answered item by item. */
  signal: AbortSignal;
  now(): Date;
  /** One value kept between calls while these settings stand (a session, a pool); its `close()` is called at the end. */
  keep<T extends object>(make: () => T): T;
}

/** messaging: writes to people; campaign: keeps records of them; service: answers calls. */
export const KINDS = ['messaging', 'campaign', 'service'] as const;
export type PluginKind = (typeof KINDS)[number];

export interface Item {
  /** Names the intent. The same key always means the same effect. */
  key: string;
  payload: Record<string, unknown>;
  /** When what it tells came about, ISO 8601: the same at each try. Since contract 1.2. */
  at?: string;
}

/** One verdict per item, in order. Throwing answers all of them alike, by the error's class. */
export type Deliver<S> = (items: Item[], ctx: Context<S>) => Promise<Verdict[]>;

/** How a second call with the same item is told from the first at the provider. */
export const IDEMPOTENCIES = ['native-key', 'upsert', 'lookup', 'none'] as const;
export type Idempotency = (typeof IDEMPOTENCIES)[number];

export interface CapabilityOptions {
  idempotency: Idempotency;
  /** For 'native-key': seconds the provider remembers a key. */
  ttlSeconds?: number;
  /** Items in one call at most. */
  batch: number;
  /** Items per second at most, per connector. */
  perSecond: number;
}

export interface Capability<S> extends CapabilityOptions {
  deliver: Deliver<S>;
}

export function capability<S>(deliver: Deliver<S>, options: CapabilityOptions): Capability<S> {
  if (!(options.batch >= 1) || !(options.perSecond > 0)) {
    throw new RangeError('capability: batch must be at least 1 and perSecond more than 0');
  }
  return { ...options, deliver };
}

export type LookupResult = 'accepted' | 'absent' | 'unknown';

export interface FeedbackPage {
  events: MessageEvent[];
  /** Handed back with the next call; null asks from the beginning. */
  cursor: unknown;
}

/** How a receipt reached the hub's public address. */
export interface ReceiptRequest {
  /** The whole address the provider called, query included: what some providers sign. */
  url: string;
  /** Names in lower case. */
  headers: Record<string, string>;
}

/** A plugin is one value. What is left out is a capability it lacks. */
export interface Plugin<S = object> {
  settings: new () => S;
  /**
   * Brings stored settings, secrets among them, to the next `settingsVersion`: the entry 1 makes version 2 out of version 1.
   * Where there is no entry they stay as they are.
   */
  migrateSettings?: Record<number, (settings: Record<string, unknown>) => Record<string, unknown>>;
  /** Proves settings and credentials against the provider without changing anything there; throws when they fail. */
  check(ctx: Context<S>): Promise<void>;
  send?: Capability<S>;
  upsert?: Capability<S>;
  remove?: Capability<S>;
  /**
   * Asks the provider for something, for a journey that goes on with what it says: `answered(response)`. Somebody waits,
   * so `ctx.signal` ends it when its time is over. Since contract 1.2.
   */
  call?: Capability<S>;
  /** Whether what items say, whose outcome is unknown, is there. The hub asks so of removals too, and hopes for 'absent'. */
  lookup?(items: Item[], ctx: Context<S>): Promise<LookupResult[]>;
  /**
   * Reads what the provider posts or mails back. With `request` it came over the open Internet and must prove itself;
   * without, somebody with a key of the hub's handed it in. @throws BadReceipt
   */
  receipts?(raw: string, ctx: Context<S>, request?: ReceiptRequest): Promise<MessageEvent[]>;
  /** Asks the provider for facts newer than `cursor`. */
  feedback?(cursor: unknown, ctx: Context<S>): Promise<FeedbackPage>;
}

export const OPERATIONS = ['send', 'upsert', 'remove', 'call'] as const;
export type Operation = (typeof OPERATIONS)[number];
export const CAPABILITIES = [...OPERATIONS, 'lookup', 'receipts', 'feedback'] as const;
export type CapabilityName = (typeof CAPABILITIES)[number];

/** What the module's default export must be. */
export function definePlugin<S extends object>(plugin: Plugin<S>): Plugin<S> {
  return plugin;
}

/** The capabilities a plugin's code has. */
export function capabilitiesOf<S extends object>(plugin: Plugin<S>): CapabilityName[] {
  return CAPABILITIES.filter((name) => plugin[name] !== undefined);
}
