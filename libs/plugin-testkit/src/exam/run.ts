import { connect as dial } from 'node:net';
import {
  NotConnected,
  PluginRuntime,
  type Connect,
  type Fault,
  type FeedbackPage,
  type Item,
  type LookupResult,
  type MessageEvent,
  type Operation,
  type Outcome,
  type Plugin,
  type PluginLog,
  type ReceiptRequest,
  type Verdict,
} from '@percorso/plugin-kit';

/** One plugin, running with one connector's settings. */
export interface Run {
  /** null when the check passes. */
  check(): Promise<(Pick<Fault, 'message'> & { code: string }) | null>;
  deliver(operation: Operation, items: Item[], deadlineMs: number): Promise<Outcome<Verdict[]>>;
  lookup(items: Item[]): Promise<Outcome<LookupResult[]>>;
  receipts(raw: string, request?: ReceiptRequest): Promise<Outcome<MessageEvent[]>>;
  feedback(cursor: unknown): Promise<Outcome<FeedbackPage>>;
  /** What the plugin logged. */
  logged(): string[];
  close(): void;
}

export type StartRun = (settings: Record<string, unknown>) => Run;

/** Runs the plugin in this process with plain connections: quick, and easy to debug. */
export function inThisProcess<S extends object>(plugin: Plugin<S>): StartRun {
  return (given) => {
    const lines: string[] = [];
    const note = (message: string, fields?: object): void =>
      void lines.push(`${message} ${JSON.stringify(fields)}`);
    const log: PluginLog = { info: note, warn: note };
    const settings = Object.assign(new plugin.settings(), given);
    const runtime = new PluginRuntime(plugin, settings, { connect: plainConnect, log });
    return {
      check: async () => (await runtime.check(AbortSignal.timeout(20_000))) ?? null,
      deliver: (operation, items, deadlineMs) =>
        runtime.deliver(operation, items, AbortSignal.timeout(deadlineMs)),
      lookup: (items) => runtime.lookup(items, AbortSignal.timeout(20_000)),
      receipts: (raw, request) => runtime.receipts(raw, AbortSignal.timeout(20_000), request),
      feedback: (cursor) => runtime.feedback(cursor, AbortSignal.timeout(20_000)),
      logged: () => lines,
      close: () => runtime.close(),
    };
  };
}

const plainConnect: Connect = (host, port) =>
  new Promise((resolve, reject) => {
    const socket = dial(port, host);
    socket.once('error', () => reject(new NotConnected('econnrefused', 'The connection was refused.')));
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
