import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import type { StreamedTrait } from '../stream/plan';
import { inOrder } from './order-traits';
import { parseTrait, type ParsedTrait } from './parse-trait';

/** Which computed traits there are, and which of their definitions is in force. */
export interface TraitVersion {
  key: string;
  id: string;
  definitionVersion: number;
  backfilledVersion: number | null;
}

/** Reads the computed traits of a workspace for the plan; definitions only once. */
@Injectable()
export class TraitLoader {
  private readonly parsed = new Map<string, Map<string, ParsedTrait>>();

  async versions(tx: Transaction): Promise<TraitVersion[]> {
    const { rows } = await tx.query<TraitVersion>(
      `SELECT key, id, definition_version AS "definitionVersion", backfilled_version AS "backfilledVersion"
       FROM computed_trait WHERE workspace_id = $1 AND state = 'active' ORDER BY key`,
      [tx.workspaceId],
    );
    return rows;
  }

  /** Each after those it looks at. One that this release cannot read has no values until it can. */
  async load(tx: Transaction, versions: readonly TraitVersion[]): Promise<StreamedTrait[]> {
    const definitions = await this.definitions(tx, versions);
    const traits = versions.flatMap((version): StreamedTrait[] => {
      const { key, definitionVersion, backfilledVersion } = version;
      const parsed = definitions.get(nameOf(version));
      if (!parsed?.ok) return [];
      return [{ key, definition: parsed.trait, settled: backfilledVersion === definitionVersion }];
    });
    return inOrder(traits).ordered;
  }

  private async definitions(
    tx: Transaction,
    versions: readonly TraitVersion[],
  ): Promise<ReadonlyMap<string, ParsedTrait>> {
    const known = this.parsed.get(tx.workspaceId!);
    const found = new Map<string, ParsedTrait>();
    const missing: TraitVersion[] = [];
    for (const version of versions) {
      const parsed = known?.get(nameOf(version));
      if (parsed) found.set(nameOf(version), parsed);
      else missing.push(version);
    }
    this.parsed.set(tx.workspaceId!, found);
    if (missing.length === 0) return found;
    const { rows } = await tx.query<{ key: string; version: number; definition: object }>(
      `SELECT d.key, d.version, d.definition FROM unnest($2::text[], $3::int[]) AS g (key, version)
       JOIN computed_trait_definition d ON d.workspace_id = $1 AND d.key = g.key AND d.version = g.version`,
      [tx.workspaceId, missing.map(({ key }) => key), missing.map((row) => row.definitionVersion)],
    );
    const read = new Map(rows.map(({ key, definition }) => [key, definition]));
    for (const version of missing) found.set(nameOf(version), parseTrait(read.get(version.key)));
    return found;
  }
}

const nameOf = ({ id, definitionVersion }: TraitVersion): string => `${id} ${definitionVersion}`;
