import { Injectable } from '@nestjs/common';
import { ConnectorRuntime } from '@percorso/connector';
import { Problem } from '@percorso/kernel';
import { usageProblem } from '@percorso/profile';
import { Database } from '@percorso/storage';
import type { PreviewDeadLetter } from './dead-letter.dto';
import { findCurrentVersion, type MappingVersion } from './mapping.store';
import type { ReplanScope } from './replanner';
import { defaultMode } from './sync-mode';
import { audienceName, findSync } from './sync.store';
import { UsageGuard } from './usage-guard';

/** By what rows of a sync are planned again: its newest mappings. */
export type SyncScope = ReplanScope & { connectorId: string };

@Injectable()
export class ReplanScopes {
  constructor(
    private readonly database: Database,
    private readonly connectors: ConnectorRuntime,
    private readonly usage: UsageGuard,
  ) {}

  /** @throws Problem 404 for an unknown sync, and what keeps its connector from being described */
  async of(workspaceId: string, syncId: string): Promise<SyncScope> {
    const found = await this.database.tx(workspaceId, async (tx) => {
      const sync = await findSync(tx, syncId);
      if (!sync) throw Problem.notFound('Sync');
      const exit = sync.exitMappingId === null ? undefined : await findCurrentVersion(tx, sync.exitMappingId);
      const entry = (await findCurrentVersion(tx, sync.mappingId)) as MappingVersion;
      return { sync, entry, exit, audience: (await audienceName(tx, sync.audienceId)) ?? '' };
    });
    const { sync, entry, exit, audience } = found;
    const connector = await this.connectors.describe(workspaceId, sync.connectorId);
    return {
      syncId,
      audienceId: sync.audienceId,
      audienceName: audience,
      connectorId: sync.connectorId,
      mode: sync.mode ?? defaultMode(connector),
      mappings: { entry, exit },
      connector,
    };
  }

  /** @throws Problem 409 when the sync's newest mappings break a usage policy */
  async assertAllowed(workspaceId: string, syncId: string): Promise<void> {
    const sync = await this.database.tx(workspaceId, (tx) => findSync(tx, syncId));
    if (!sync) throw Problem.notFound('Sync');
    await this.usage.prepare(workspaceId, sync);
    const { violations } = await this.database.tx(workspaceId, (tx) => this.usage.verdict(tx, sync));
    if (violations.length > 0) throw usageProblem(violations, 409);
  }
}

/** Of an exit that no mapping writes. */
export const NO_MAPPING: MappingVersion | { version: undefined; expression: string; required: string[] } = {
  version: undefined,
  expression: '',
  required: [],
};

/** The scope with what is given in the place of the mapping of entries or exits. */
export function withMapping(
  scope: SyncScope,
  op: 'enter' | 'exit',
  { expression, required }: PreviewDeadLetter,
): SyncScope {
  const which = op === 'enter' ? 'entry' : 'exit';
  const mapping = {
    ...(scope.mappings[which] ?? NO_MAPPING),
    ...(expression === undefined ? {} : { expression }),
    ...(required === undefined ? {} : { required }),
  } as MappingVersion;
  return {
    ...scope,
    mappings: { ...scope.mappings, [which]: mapping.expression === '' ? undefined : mapping },
  };
}
