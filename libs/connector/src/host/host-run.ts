import {
  NotConnected,
  type Fault,
  type FeedbackPage,
  type Item,
  type LookupResult,
  type Operation,
  type MessageEvent,
  type Outcome,
  type ReceiptRequest,
  type Verdict,
} from '@percorso/plugin-kit';
import { readPlugin } from '../plugin/installed-plugin';
import { checkedEvents, checkedLookup, checkedVerdicts } from '../runtime/checked-answers';
import { egressRules } from './egress';
import { HostFailure } from './host-failure';
import { CALL_GRACE_MS, PluginHost } from './plugin-host';

/** A plugin in its real child process with one connector's settings, without a database: for exams of plugins. */
export interface HostRun {
  check(): Promise<{ code: string; message: string } | null>;
  deliver(operation: Operation, items: Item[], deadlineMs: number): Promise<Outcome<Verdict[]>>;
  lookup(items: Item[]): Promise<Outcome<LookupResult[]>>;
  receipts(raw: string, request?: ReceiptRequest): Promise<Outcome<MessageEvent[]>>;
  feedback(cursor: unknown): Promise<Outcome<FeedbackPage>>;
  logged(): string[];
  close(): void;
}

/** Runs the plugin package in `directory` as a hub does, private networks allowed: `examine(plugin, {run: inHost(dir)})`. */
export function inHost(directory: string): (settings: Record<string, unknown>) => HostRun {
  return (settings) => {
    const plugin = readPlugin(directory);
    if (!plugin || 'errors' in plugin)
      throw new NotConnected('no-plugin', `${directory} holds no usable plugin`);
    const lines: string[] = [];
    const host = new PluginHost(plugin, {
      log: (_, message, fields) => void lines.push(`${message} ${JSON.stringify(fields)}`),
    });
    const handle = {
      id: 'exam',
      version: 1,
      policy: { rules: egressRules(plugin.manifest.egress, settings), allowPrivateNetwork: true },
      settings: () => settings,
    };
    return {
      check: async () => {
        const answer = await host.call(handle, { method: 'check' }, 20_000);
        return ('fault' in answer ? answer.fault : answer.value) as Fault | null;
      },
      deliver: async (operation, items, deadlineMs) => {
        const grace = operation === 'call' ? CALL_GRACE_MS : undefined;
        try {
          const answer = await host.call(handle, { method: 'deliver', operation, items }, deadlineMs, grace);
          return 'fault' in answer
            ? answer
            : { value: checkedVerdicts(answer.value, items.length, operation) };
        } catch (error) {
          if (!(error instanceof HostFailure)) throw error;
          return { value: items.map(() => ({ status: error.sent ? 'unknown' : 'retry', code: error.code })) };
        }
      },
      lookup: async (items) => {
        const answer = await host.call(handle, { method: 'lookup', items }, 20_000);
        return 'fault' in answer ? answer : { value: checkedLookup(answer.value, items.length) };
      },
      receipts: async (raw, request) => {
        const answer = await host.call(handle, { method: 'receipts', raw, request }, 20_000);
        return 'fault' in answer ? answer : { value: checkedEvents(answer.value).events };
      },
      feedback: async (cursor) => {
        const answer = await host.call(handle, { method: 'feedback', cursor }, 20_000);
        if ('fault' in answer) return answer;
        const page = answer.value as FeedbackPage;
        return { value: { ...page, events: checkedEvents(page.events).events } };
      },
      logged: () => lines,
      close: () => host.stop(),
    };
  };
}
