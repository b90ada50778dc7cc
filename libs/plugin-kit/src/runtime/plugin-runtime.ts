import type { AxiosInstance } from 'axios';
import type { MessageEvent } from '../message-event';
import {
  capabilitiesOf,
  type CapabilityName,
  type CapabilityOptions,
  type Context,
  type FeedbackPage,
  type Item,
  type LookupResult,
  type Operation,
  OPERATIONS,
  type Plugin,
  type PluginLog,
  type ReceiptRequest,
} from '../plugin';
import {
  secretFields,
  settingsSchema,
  validateSettings,
  type JsonSchema,
  type SettingsError,
} from '../settings';
import { unknown, type Verdict } from '../verdict';
import { classify, type Fault } from './classify';
import { CallExchanges, type ItemsExchange, LastStream, noteExchanges } from './exchanges';
import { createHttp, type Connect, type Http } from './http';

export type Outcome<T> = { value: T } | { fault: Fault };

export type DeliverOutcome = { value: Verdict[]; exchanges?: ItemsExchange[] } | { fault: Fault };

/** What the code of a plugin says about itself. */
export interface PluginDescription {
  capabilities: CapabilityName[];
  operations: Partial<Record<Operation, CapabilityOptions>>;
  settingsSchema: JsonSchema;
  secrets: string[];
}

export interface RuntimeOptions {
  connect: Connect;
  log: PluginLog;
  now?: () => Date;
}

/** Runs one plugin with one connector's settings: builds its context and turns what it throws into outcomes. */
export class PluginRuntime<S extends object = object> {
  private readonly http: Http;
  private readonly stream = new LastStream();
  private kept?: object;

  constructor(
    private readonly plugin: Plugin<S>,
    private readonly settings: S,
    private readonly options: RuntimeOptions,
  ) {
    this.http = createHttp(options.connect);
  }

  /**
   * Settings of version `from` as version `to` wants them; not validated yet.
   * @throws TypeError when a step gives no object back
   */
  static migrate<S extends object>(
    plugin: Plugin<S>,
    settings: Record<string, unknown>,
    from: number,
    to: number,
  ): Record<string, unknown> {
    let migrated = settings;
    for (let version = from; version < to; version += 1) {
      const step = plugin.migrateSettings?.[version];
      if (step) migrated = step({ ...migrated });
      if (migrated?.constructor !== Object) throw new TypeError('a migration gave no settings back');
    }
    return migrated;
  }

  static describe<S extends object>(plugin: Plugin<S>): PluginDescription {
    const operations: Partial<Record<Operation, CapabilityOptions>> = {};
    for (const operation of OPERATIONS) {
      const found = plugin[operation];
      if (!found) continue;
      const { idempotency, ttlSeconds, batch, perSecond } = found;
      operations[operation] = { idempotency, ttlSeconds, batch, perSecond };
    }
    return {
      capabilities: capabilitiesOf(plugin),
      operations,
      settingsSchema: settingsSchema(plugin.settings),
      secrets: secretFields(plugin.settings),
    };
  }

  static validate<S extends object>(plugin: Plugin<S>, given: Record<string, unknown>): SettingsError[] {
    const result = validateSettings(plugin.settings, given);
    return 'errors' in result ? result.errors : [];
  }

  /** undefined when all is well; the fault otherwise. A provider that cannot be reached is told by `unreachable`. */
  async check(signal: AbortSignal): Promise<Fault | { code: string; message: string } | undefined> {
    try {
      await this.plugin.check(this.context(signal));
      return undefined;
    } catch (error) {
      const classified = classify(error);
      if ('fault' in classified) return classified.fault;
      const code = 'code' in classified.verdict ? classified.verdict.code : 'failed';
      return { code, message: `The provider could not be checked (${code}).` };
    }
  }

  /** With what failed comes what went over the wire for it, as it was: nobody may see it before secrets are taken out. */
  async deliver(operation: Operation, items: Item[], signal: AbortSignal): Promise<DeliverOutcome> {
    const found = this.plugin[operation];
    if (!found) return { fault: { code: 'bad-settings', message: `This plugin has no ${operation}.` } };
    const exchanges = new CallExchanges(items);
    const told = (value: Verdict[]): DeliverOutcome => {
      const failed = Array.isArray(value) && value.some((verdict) => verdict?.status !== 'accepted');
      return failed
        ? { value, exchanges: exchanges.ofFailing(items, value, this.stream.exchange) }
        : { value };
    };
    try {
      return told(await found.deliver(items, noteExchanges(this.context(signal, exchanges), exchanges)));
    } catch (error) {
      const classified = classify(error);
      if ('fault' in classified) return classified;
      return told(items.map(() => classified.verdict));
    }
  }

  async lookup(items: Item[], signal: AbortSignal): Promise<Outcome<LookupResult[]>> {
    return this.answer(items, async () => this.plugin.lookup?.(items, this.context(signal)));
  }

  async receipts(
    raw: string,
    signal: AbortSignal,
    request?: ReceiptRequest,
  ): Promise<Outcome<MessageEvent[]>> {
    return this.faultOr(async () => (await this.plugin.receipts?.(raw, this.context(signal), request)) ?? []);
  }

  async feedback(cursor: unknown, signal: AbortSignal): Promise<Outcome<FeedbackPage>> {
    return this.faultOr(
      async () => (await this.plugin.feedback?.(cursor, this.context(signal))) ?? { events: [], cursor },
    );
  }

  close(): void {
    (this.kept as { close?: () => void } | undefined)?.close?.();
    this.kept = undefined;
    this.http.close();
  }

  private async answer(
    items: Item[],
    ask: () => Promise<LookupResult[] | undefined>,
  ): Promise<Outcome<LookupResult[]>> {
    try {
      return { value: (await ask()) ?? items.map(() => unknown('no-lookup').status as LookupResult) };
    } catch (error) {
      const classified = classify(error);
      return 'fault' in classified ? classified : { value: items.map(() => 'unknown') };
    }
  }

  private async faultOr<T>(work: () => Promise<T>): Promise<Outcome<T>> {
    try {
      return { value: await work() };
    } catch (error) {
      const classified = classify(error);
      if ('fault' in classified) return classified;
      throw error;
    }
  }

  private context(signal: AbortSignal, exchanges?: CallExchanges): Context<S> {
    const http: AxiosInstance = this.http.client(signal, exchanges);
    return {
      settings: this.settings,
      http,
      connect: async (host, port) => {
        const socket = await this.options.connect(host, port);
        this.stream.opened(host, port, socket);
        return socket;
      },
      log: this.options.log,
      signal,
      now: this.options.now ?? (() => new Date()),
      keep: <T extends object>(make: () => T) => (this.kept ??= make()) as T,
    };
  }
}
