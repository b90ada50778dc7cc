import { Injectable } from '@nestjs/common';
import { AudienceStore } from '../audience/audience.store';
import { TraitLoader } from '../computed-trait/trait-loader';
import type { Transaction } from '@percorso/storage';
import { MemberConditionStore } from '../member/member-condition.store';
import type { WrittenDefinition } from '../definition/definition';
import { type ParsedDefinition, parseDefinition } from '../definition/parse-definition';
import { resolveAudiences } from '../definition/resolve-audiences';
import { type Plan, planOf, type StreamedAudience } from './plan';

interface AudienceRow {
  id: string;
  definitionVersion: number;
  backfilledVersion: number | null;
}

interface Loaded {
  signature: string;
  plan: Plan;
  /** By audience and version; those that are no longer current are let go. */
  parsed: ReadonlyMap<string, ParsedDefinition>;
}

/** The plan of a workspace's audiences and computed traits, made anew when one of them was added, edited, backfilled or archived. */
@Injectable()
export class PlanLoader {
  private readonly loaded = new Map<string, Loaded>();

  constructor(
    private readonly audiences: AudienceStore,
    private readonly conditions: MemberConditionStore,
    private readonly traits: TraitLoader,
  ) {}

  async load(tx: Transaction): Promise<Plan> {
    // Before the audiences: whatever rows somebody has begun to keep, the audience that asks for them is seen, too.
    const keeping = this.conditions.kept(tx);
    const reading = tx.query<AudienceRow>(
      `SELECT id, definition_version AS "definitionVersion", backfilled_version AS "backfilledVersion"
       FROM audience WHERE workspace_id = $1 AND state = 'active' ORDER BY id`,
      [tx.workspaceId],
    );
    const [kept, { rows }, zone, traits] = await Promise.all([
      keeping,
      reading,
      this.audiences.zone(tx),
      this.traits.versions(tx),
    ]);
    const signature = JSON.stringify([zone, rows, ...kept, traits]);
    const workspaceId = tx.workspaceId ?? '';
    const known = this.loaded.get(workspaceId);
    if (known?.signature === signature) return known.plan;
    const parsed = await this.readDefinitions(tx, rows, known?.parsed);
    const byId = new Map(rows.map((row) => [row.id, parsed.get(keyOf(row))]));
    const lookUp = (id: string): WrittenDefinition | 'unknown-audience' => {
      const found = byId.get(id);
      return found?.ok ? found.definition : 'unknown-audience';
    };
    const audiences = rows.flatMap((row): StreamedAudience[] => {
      const written = parsed.get(keyOf(row));
      const definition = written?.ok ? resolveAudiences(written.definition, lookUp, row.id) : undefined;
      // One that this release cannot read fails its evaluations, which say so; the others go on.
      return definition?.ok ? [{ ...row, where: definition.definition.where }] : [];
    });
    const plan = planOf(audiences, zone, kept, await this.traits.load(tx, traits));
    this.loaded.set(workspaceId, { signature, plan, parsed });
    return plan;
  }

  private async readDefinitions(
    tx: Transaction,
    rows: readonly AudienceRow[],
    known: Loaded['parsed'] = new Map(),
  ): Promise<Map<string, ParsedDefinition>> {
    const parsed = new Map<string, ParsedDefinition>();
    for (const key of rows.map(keyOf)) {
      const definition = known.get(key);
      if (definition) parsed.set(key, definition);
    }
    const missing = rows.filter((row) => !parsed.has(keyOf(row)));
    if (missing.length === 0) return parsed;
    const { rows: definitions } = await tx.query<{ id: string; version: number; definition: object }>(
      `SELECT d.audience_id AS id, d.version, d.definition
       FROM unnest($2::uuid[], $3::int[]) AS g (id, version)
       JOIN audience_definition d ON d.workspace_id = $1 AND d.audience_id = g.id AND d.version = g.version`,
      [tx.workspaceId, missing.map((row) => row.id), missing.map((row) => row.definitionVersion)],
    );
    for (const { id, version, definition } of definitions) {
      parsed.set(keyOf({ id, definitionVersion: version }), parseDefinition(definition));
    }
    return parsed;
  }
}

const keyOf = (row: Pick<AudienceRow, 'id' | 'definitionVersion'>): string =>
  `${row.id} ${row.definitionVersion}`;
