import { Injectable } from '@nestjs/common';
import { ConnectorRuntime, type Delivered } from '@percorso/connector';
import type { LookupResult, Operation } from '@percorso/plugin-kit';
import { type CallOptions, type Lane, type OutgoingItem, ProviderGateway } from './provider-gateway';

/** Providers as their plugins reach them. */
@Injectable()
export class ConnectorGateway extends ProviderGateway {
  constructor(private readonly runtime: ConnectorRuntime) {
    super();
  }

  describe(workspaceId: string, connectorId: string): Promise<Lane> {
    return this.runtime.describe(workspaceId, connectorId);
  }

  deliver(
    workspaceId: string,
    connectorId: string,
    operation: Operation,
    items: OutgoingItem[],
    options: CallOptions,
  ): Promise<Delivered[]> {
    return this.runtime.deliver(workspaceId, connectorId, operation, items, options);
  }

  lookup(workspaceId: string, connectorId: string, items: OutgoingItem[]): Promise<LookupResult[]> {
    return this.runtime.lookup(workspaceId, connectorId, items);
  }
}
