import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import type {
  CapabilityOptions,
  Exchange,
  Fault,
  FeedbackPage,
  Item,
  ItemsExchange,
  LookupResult,
  MessageEvent,
  Operation,
  PluginKind,
  ReceiptRequest,
  Verdict,
} from '@percorso/plugin-kit';
import { HostFailure } from '../host/host-failure';
import type { Request } from '../host/messages';
import { CALL_GRACE_MS } from '../host/plugin-host';
import { pluginUnavailable } from '../host/plugin-hosts';
import { checkedEvents, checkedLookup, checkedVerdicts } from './checked-answers';
import { recordKeyOf } from './record-key';
import { ConnectorOpener, type OpenConnector } from './open-connector';
import { paceOf } from './pace';

export interface ConnectorDescription {
  pluginId: string;
  kind: PluginKind;
  channel?: string;
  addressPointer?: string;
  /** RFC 6901 pointers into a payload that its plugin wants to have a value: the address among them. */
  required: string[];
  capabilities: Partial<Record<Operation, CapabilityOptions>>;
  lookup: boolean;
  receipts: boolean;
  feedback: boolean;
  /** Paths of the payload fields that together name a record at the target, where the plugin says so. */
  recordKey?: readonly (readonly string[])[];
  /** The host it calls, where that is one by name. */
  host?: string;
}

/** Times are in milliseconds. */
export interface DeliverOptions {
  deadlineMs: number;
  /** Items a second at most. @default the plugin's own figure */
  perSecond?: number;
  /** Calls of the plugin at once, each of one batch. @default 1 */
  calls?: number;
}

export interface CheckAnswer {
  ok: boolean;
  code?: string;
  message?: string;
  pointer?: string;
}

/** A verdict, and of what was not accepted what went over the wire last. */
export type Delivered = Verdict & { exchange?: Wire };

/** One exchange, the same object for all items it was about. */
export interface Wire {
  exchange: Exchange;
  /** How many items it was about, and which of them this is, from 1; 0 where that is not known. */
  items: number;
  item: number;
}

interface TimeLeft {
  until: number;
  /** A call begun later would only get the process killed. */
  startBy: number;
}

const LEAST_CALL_MS = 1000;
const MAX_PAYLOAD_BYTES = 12 * 1024 * 1024;
const CHECK_MS = 20_000;
const READ_MS = 60_000;
/** Who posts to a hook waits for the answer, and anybody may. */
const VERIFY_MS = 20_000;

/** Calls connectors' plugins: in chunks they can take, no faster than they allow, with answers that make sense. */
@Injectable()
export class ConnectorRuntime {
  private readonly logger = new Logger(ConnectorRuntime.name);

  constructor(private readonly opener: ConnectorOpener) {}

  async describe(workspaceId: string, connectorId: string): Promise<ConnectorDescription> {
    const { row, plugin, description, handle } = await this.opener.open(workspaceId, connectorId);
    const host = handle.policy.rules[0]?.host;
    const { id, kind, channel, addressPointer, required = [] } = plugin.manifest;
    const has = new Set(description.capabilities);
    return {
      pluginId: id,
      kind,
      channel,
      addressPointer,
      required: [...new Set([...(addressPointer === undefined ? [] : [addressPointer]), ...required])],
      capabilities: description.operations,
      lookup: has.has('lookup'),
      receipts: has.has('receipts'),
      feedback: has.has('feedback'),
      recordKey: recordKeyOf(plugin.manifest.recordKey, row.settings),
      ...(host === undefined || host.startsWith('*.') ? {} : { host }),
    };
  }

  /**
   * One verdict per item, in order, within `deadlineMs`; a `call` ends then, and is answered shortly after. Items not handed to the plugin by then are 'retry'; items out
   * when its process dies or is killed are 'unknown'.
   * @throws Problem `bad-credentials` or `bad-settings` when the connector itself is at fault and no item was answered;
   * 503 `connector-not-opened` when what it needs is away, and nothing was sent
   */
  async deliver(
    workspaceId: string,
    connectorId: string,
    operation: Operation,
    items: Item[],
    { deadlineMs, perSecond, calls = 1 }: DeliverOptions,
  ): Promise<Delivered[]> {
    const until = Date.now() + deadlineMs;
    const time = { until, startBy: until - Math.min(LEAST_CALL_MS, deadlineMs / 2) };
    const connector = await this.opener.open(workspaceId, connectorId).catch(asNotSent);
    const limits = connector.description.operations[operation];
    if (!limits) throw unsupported(operation);
    const verdicts: (Delivered | undefined)[] = items.map((item) =>
      Buffer.byteLength(JSON.stringify(item.payload)) > MAX_PAYLOAD_BYTES
        ? {
            status: 'rejected',
            code: 'too-large',
            reason: `The payload has more than ${MAX_PAYLOAD_BYTES} bytes.`,
          }
        : undefined,
    );
    const open = items.flatMap((item, index) => (verdicts[index] ? [] : [{ item, index }]));
    const pace = paceOf(Math.min(perSecond ?? Infinity, limits.perSecond), Date.now());
    let at = 0;
    let fault: Fault | undefined;
    const slot = async (): Promise<void> => {
      while (at < open.length && !fault) {
        const chunk = open.slice(at, (at += limits.batch));
        const waitMs = pace(chunk.length, Date.now());
        if (Date.now() + waitMs >= time.startBy) return;
        if (waitMs > 0) await sleep(waitMs);
        const asked = chunk.map(({ item }) => item);
        const answer = await this.deliverChunk(connector, operation, asked, time);
        if ('fault' in answer) fault ??= answer.fault;
        chunk.forEach(({ index }, place) => {
          verdicts[index] =
            'fault' in answer ? { status: 'retry', code: answer.fault.code } : answer.verdicts[place];
        });
      }
    };
    await Promise.all(Array.from({ length: calls }, slot));
    if (fault && !verdicts.some((verdict) => verdict && verdict.status !== 'retry'))
      throw connectorFault(fault);
    return verdicts.map((verdict) => verdict ?? { status: 'retry', code: 'not-tried' });
  }

  /** Whether items whose outcome is unknown arrived. */
  async lookup(workspaceId: string, connectorId: string, items: Item[]): Promise<LookupResult[]> {
    const connector = await this.opener.open(workspaceId, connectorId);
    return checkedLookup(await this.ask(connector, { method: 'lookup', items }), items.length);
  }

  /** The provider's news since `cursor`; null asks from the beginning. */
  async feedback(workspaceId: string, connectorId: string, cursor: unknown): Promise<FeedbackPage> {
    const connector = await this.opener.open(workspaceId, connectorId);
    const page = (await this.ask(connector, { method: 'feedback', cursor })) as
      Partial<FeedbackPage> | undefined;
    return { events: this.checked(connector, page?.events), cursor: page?.cursor ?? cursor };
  }

  /**
   * What a provider posted or mailed back, read by the plugin; with `request`, the plugin asks for proof.
   * @throws Problem 403 `bad-receipt`
   */
  async receipts(
    workspaceId: string,
    connectorId: string,
    raw: string,
    request?: ReceiptRequest,
  ): Promise<MessageEvent[]> {
    const connector = await this.opener.open(workspaceId, connectorId);
    const asked: Request = { method: 'receipts', raw, request };
    return this.checked(connector, await this.ask(connector, asked, request ? VERIFY_MS : READ_MS));
  }

  /** Whether settings and credentials work, as the plugin finds at the provider. */
  async check(workspaceId: string, connectorId: string): Promise<CheckAnswer> {
    const connector = await this.opener.open(workspaceId, connectorId, true);
    try {
      const answer = await connector.host.call(connector.handle, { method: 'check' }, CHECK_MS);
      const fault = ('fault' in answer ? answer.fault : answer.value) as Fault | null;
      if (!fault) return { ok: true };
      const pointer = fault.pointer === undefined ? {} : { pointer: `/settings${fault.pointer}` };
      return { ok: false, code: fault.code, message: fault.message, ...pointer };
    } catch (error) {
      if (error instanceof HostFailure) return { ok: false, code: error.code, message: error.message };
      throw error;
    }
  }

  private async deliverChunk(
    connector: OpenConnector,
    operation: Operation,
    items: Item[],
    time: TimeLeft,
  ): Promise<{ verdicts: Delivered[] } | { fault: Fault }> {
    try {
      const request: Request = { method: 'deliver', operation, items };
      const grace = operation === 'call' ? CALL_GRACE_MS : undefined;
      const answer = await connector.host.call(connector.handle, request, time.until - Date.now(), grace);
      return 'fault' in answer
        ? answer
        : {
            verdicts: withExchanges(checkedVerdicts(answer.value, items.length, operation), answer.exchanges),
          };
    } catch (error) {
      if (!(error instanceof HostFailure)) throw error;
      const { code, sent, afterSeconds } = error;
      const verdict: Verdict = sent ? { status: 'unknown', code } : { status: 'retry', code, afterSeconds };
      return { verdicts: items.map(() => verdict) };
    }
  }

  private async ask(connector: OpenConnector, request: Request, deadlineMs = READ_MS): Promise<unknown> {
    try {
      const answer = await connector.host.call(connector.handle, request, deadlineMs);
      if ('fault' in answer) throw connectorFault(answer.fault);
      return answer.value;
    } catch (error) {
      if (error instanceof HostFailure) throw pluginUnavailable(error);
      throw error;
    }
  }

  private checked(connector: OpenConnector, answer: unknown): MessageEvent[] {
    const { events, dropped } = checkedEvents(answer);
    if (dropped > 0)
      this.logger.warn(`Connector ${connector.row.id}: ${dropped} events made no sense and were dropped.`);
    return events;
  }
}

/** Whatever fails before the plugin is called, as PostgreSQL on its way down, leaves nobody in doubt. */
function asNotSent(error: unknown): never {
  if (error instanceof Problem) throw error;
  throw new Problem({
    status: 503,
    code: 'connector-not-opened',
    title: 'The connector could not be opened',
    retryAfter: 1,
    cause: error,
  });
}

function withExchanges(verdicts: Delivered[], exchanges: readonly ItemsExchange[] = []): Delivered[] {
  for (const { items, of, exchange } of exchanges) {
    for (const place of items) {
      const verdict = verdicts[place];
      if (!verdict || verdict.status === 'accepted') continue;
      verdicts[place] = { ...verdict, exchange: { exchange, items: of.length, item: of.indexOf(place) + 1 } };
    }
  }
  return verdicts;
}

function unsupported(operation: Operation): Problem {
  return new Problem({
    status: 422,
    code: 'unsupported-operation',
    title: 'The plugin cannot do this',
    detail: `The connector's plugin has no ${operation}.`,
  });
}

/** The connector at fault, as a problem whose code says which way. */
function connectorFault(fault: Fault): Problem {
  if (fault.code === 'bad-receipt') {
    const title = 'The receipt is not genuine';
    return new Problem({ status: 403, code: fault.code, title, detail: fault.message });
  }
  return new Problem({
    status: 409,
    code: fault.code,
    title:
      fault.code === 'bad-credentials' ? 'The provider refuses the credentials' : 'The settings cannot work',
    detail: fault.message,
    ...(fault.pointer === undefined
      ? {}
      : { errors: [{ pointer: `/settings${fault.pointer}`, code: fault.code, message: fault.message }] }),
  });
}
