import { Injectable } from '@nestjs/common';
import { SecretBox, type Sealed, type SecretPlace } from './secret-box';

/** The secrets of connectors, each sealed for its place. */
@Injectable()
export class ConnectorSecrets {
  constructor(private readonly box: SecretBox) {}

  seal(workspaceId: string, connectorId: string, secrets: Record<string, unknown>): Record<string, Sealed> {
    return Object.fromEntries(
      Object.entries(secrets).map(([field, value]) => [
        field,
        this.box.seal(String(value), placeOf(workspaceId, connectorId, field)),
      ]),
    );
  }

  open(workspaceId: string, connectorId: string, sealed: Record<string, Sealed>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(sealed).map(([field, one]) => [
        field,
        this.box.open(one, placeOf(workspaceId, connectorId, field)),
      ]),
    );
  }

  /** The same secrets under the master key of now; undefined when they are already. */
  renewed(
    workspaceId: string,
    connectorId: string,
    sealed: Record<string, Sealed>,
  ): Record<string, Sealed> | undefined {
    if (!Object.values(sealed).some((one) => this.box.isStale(one))) return undefined;
    return this.seal(workspaceId, connectorId, this.open(workspaceId, connectorId, sealed));
  }
}

function placeOf(workspaceId: string, connectorId: string, field: string): SecretPlace {
  return { workspaceId, table: 'connector', row: connectorId, column: `secrets.${field}` };
}
