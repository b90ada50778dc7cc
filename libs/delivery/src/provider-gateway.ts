import type { Delivered } from '@percorso/connector';
import type { Idempotency, LookupResult, Operation, PluginKind } from '@percorso/plugin-kit';
import type { ClaimedEffect } from './effect';

/** What delivery needs of a connector: satisfied by the connector lib's ConnectorRuntime. */
export abstract class ProviderGateway {
  abstract describe(workspaceId: string, connectorId: string): Promise<Lane>;
  /** One verdict per item, in order. Throws a Problem only when nothing was sent. */
  abstract deliver(
    workspaceId: string,
    connectorId: string,
    operation: Operation,
    items: OutgoingItem[],
    options: CallOptions,
  ): Promise<Delivered[]>;
  abstract lookup(workspaceId: string, connectorId: string, items: OutgoingItem[]): Promise<LookupResult[]>;
}

/** Times are in milliseconds. */
export interface CallOptions {
  deadlineMs: number;
  /** Items a second at most. @default the plugin's own figure */
  perSecond?: number;
  /** Calls of the plugin at once, each of one batch. @default 1 */
  calls?: number;
}

export interface OutgoingItem {
  key: string;
  payload: Record<string, unknown>;
  /** When what it tells came about, ISO 8601; the same at each try. */
  at: string;
}

export const itemOf = ({ key, payload, changedAt }: ClaimedEffect): OutgoingItem => ({
  key,
  payload,
  at: changedAt.toISOString(),
});

export interface LaneCapability {
  idempotency: Idempotency;
  ttlSeconds?: number;
  batch: number;
  perSecond: number;
}

/** The traits of a connector that decide how its effects are delivered. */
export interface Lane {
  kind: PluginKind;
  channel?: string;
  /** RFC 6901 pointer of the address in a payload. */
  addressPointer?: string;
  capabilities: Partial<Record<Operation, LaneCapability>>;
  /** Whether the provider can be asked what became of an item. */
  lookup: boolean;
  /** Paths of the payload fields that together name a record at the target, where the plugin says so. */
  recordKey?: readonly (readonly string[])[];
  /** The host its plugin calls, where that is one by name. */
  host?: string;
}
