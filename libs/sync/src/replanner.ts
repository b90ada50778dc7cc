import { Injectable } from '@nestjs/common';
import type { ConnectorDescription } from '@percorso/connector';
import { type MappingResult, MappingRunner } from '@percorso/mapping';
import { ProfileReader } from '@percorso/profile';
import { Database } from '@percorso/storage';
import { lastEffects } from './last-effects';
import { mapChanges } from './map-changes';
import type { RunMappings } from './plan-page';
import { type Change, type Plan, planRow } from './plan-row';
import { MODE_RULES, type SyncMode } from './sync-mode';

/** What rows that ended badly are planned by. */
export interface ReplanScope {
  syncId: string;
  audienceId: string;
  audienceName: string;
  mode: SyncMode;
  mappings: RunMappings;
  connector: ConnectorDescription;
}

/** Plans rows again, by the profiles as they are now. */
@Injectable()
export class Replanner {
  constructor(
    private readonly database: Database,
    private readonly profiles: ProfileReader,
    private readonly mappings: MappingRunner,
  ) {}

  async plan<C extends Change>(
    workspaceId: string,
    scope: ReplanScope,
    rows: readonly C[],
    at: Date,
  ): Promise<Map<C, Plan>> {
    const persons = rows.map(({ person }) => person);
    const { documents, reached } = await this.database.tx(workspaceId, async (tx) => ({
      documents: await this.profiles.documents(tx, persons),
      reached: await lastEffects(tx, scope.syncId, persons),
    }));
    const results = new Map<C, MappingResult>();
    for (const op of ['enter', 'exit'] as const) {
      const ofOp = rows.filter((row) => row.op === op);
      const mapping = op === 'enter' ? scope.mappings.entry : scope.mappings.exit;
      if (mapping) {
        const mapped = await mapChanges(this.mappings, mapping.expression, scope, ofOp, documents, at);
        for (const [row, result] of mapped) results.set(row, result);
      } else {
        for (const row of ofOp) if (documents.has(row.person)) results.set(row, { output: null });
      }
    }
    const removes = MODE_RULES[scope.mode].exits === 'removed';
    return new Map(
      rows.map((row) => {
        const { required } = (row.op === 'enter' ? scope.mappings.entry : scope.mappings.exit) ?? NO_MAPPING;
        const last = row.op === 'exit' ? reached.get(row.person) : undefined;
        return [row, planRow(row, results.get(row), required, scope.connector, last, removes)];
      }),
    );
  }
}

const NO_MAPPING = { required: [] };
