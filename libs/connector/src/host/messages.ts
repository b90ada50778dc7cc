import type {
  Fault,
  Item,
  ItemsExchange,
  Operation,
  PluginDescription,
  ReceiptRequest,
} from '@percorso/plugin-kit';

/** What a plugin's process can be asked. */
export type Request =
  | { method: 'validate'; settings: Record<string, unknown> }
  | { method: 'migrate'; settings: Record<string, unknown>; from: number; to: number }
  | { method: 'check' }
  | { method: 'deliver'; operation: Operation; items: Item[] }
  | { method: 'lookup'; items: Item[] }
  | { method: 'receipts'; raw: string; request?: ReceiptRequest }
  | { method: 'feedback'; cursor: unknown };

/** `connector` names one version of one connector's settings. */
export type ToChild =
  | { type: 'settings'; connector: string; settings: Record<string, unknown> }
  | { type: 'forget'; connector: string }
  /** `signalMs`: when the plugin is told to come to an end. */
  | { type: 'call'; id: number; connector: string; request: Request; signalMs: number }
  /** Comes with the open socket's handle, unless `error` says why there is none. */
  | { type: 'socket'; id: number; error?: { code: string; message: string } };

export type FromChild =
  | { type: 'ready'; description: PluginDescription }
  | { type: 'failed'; message: string }
  | { type: 'connect'; id: number; connector: string; host: string; port: number }
  | { type: 'result'; id: number; value: unknown; exchanges?: ItemsExchange[] }
  | { type: 'result'; id: number; fault: Fault }
  | { type: 'result'; id: number; error: string }
  | { type: 'log'; level: 'info' | 'warn'; message: string; fields?: Record<string, unknown> };
