import { Injectable } from '@nestjs/common';
import { PluginCatalog } from '@percorso/connector';
import { leavesOf, parseDefinition } from '@percorso/segmentation';
import type { Transaction } from '@percorso/storage';

export interface KnownAudience {
  id: string;
  name: string;
  definition: object;
}

export interface KnownConnector {
  id: string;
  name: string;
  plugin: string;
  /** What its plugin can do; undefined where that is not there any more. */
  capabilities: readonly string[] | undefined;
}

export interface KnownJourney {
  id: string;
  name: string;
  /** Of its live version, else of its newest. */
  definition: unknown;
}

/** By `id`, or by `name` instead. */
type By = { ids: readonly string[] } | { names: readonly string[] };

const chosen = (by: By, of: string): [string, readonly string[]] =>
  'ids' in by ? [`${of}.id = ANY($2::uuid[])`, by.ids] : [`${of}.name = ANY($2::text[])`, by.names];

/** What journeys refer to, as it is now. */
@Injectable()
export class ReferenceStore {
  constructor(private readonly plugins: PluginCatalog) {}

  /** Those that are not archived. */
  async audiences(tx: Transaction, by: By): Promise<KnownAudience[]> {
    const [where, values] = chosen(by, 'a');
    const { rows } = await tx.query<KnownAudience>(
      `SELECT a.id, a.name, d.definition FROM audience a JOIN audience_definition d
         ON d.workspace_id = a.workspace_id AND d.audience_id = a.id AND d.version = a.definition_version
       WHERE a.workspace_id = $1 AND ${where} AND a.state = 'active' ORDER BY a.id`,
      [tx.workspaceId, values],
    );
    return rows;
  }

  async connectors(tx: Transaction, by: By): Promise<KnownConnector[]> {
    const [where, values] = chosen(by, 'c');
    const { rows } = await tx.query<Omit<KnownConnector, 'capabilities'>>(
      `SELECT c.id, c.name, c.plugin_id AS plugin FROM connector c WHERE c.workspace_id = $1 AND ${where} ORDER BY c.id`,
      [tx.workspaceId, values],
    );
    const manifests = await this.plugins.manifests(tx);
    return rows.map((row) => ({ ...row, capabilities: manifests.get(row.plugin)?.capabilities }));
  }

  /** Those in use, with a version that names something by its id; but not the journey itself. */
  async liveMentioning(tx: Transaction, id: string): Promise<KnownJourney[]> {
    const { rows } = await tx.query<KnownJourney>(
      `SELECT j.id, j.name, v.definition FROM journey j
       JOIN journey_version v ON v.workspace_id = $1 AND v.journey_id = j.id AND v.version = j.live_version
       WHERE j.workspace_id = $1 AND j.id <> $2 AND j.deleted_at IS NULL AND strpos(v.definition::text, $2::text) > 0
       ORDER BY j.id`,
      [tx.workspaceId, id],
    );
    return rows;
  }

  async journeys(tx: Transaction, by: By): Promise<KnownJourney[]> {
    const [where, values] = chosen(by, 'j');
    const { rows } = await tx.query<KnownJourney>(
      `SELECT j.id, j.name, v.definition FROM journey j CROSS JOIN LATERAL (
         SELECT definition FROM journey_version WHERE workspace_id = j.workspace_id AND journey_id = j.id
         ORDER BY (version = j.live_version) IS TRUE DESC, version DESC LIMIT 1) v
       WHERE j.workspace_id = $1 AND ${where} AND j.deleted_at IS NULL ORDER BY j.id`,
      [tx.workspaceId, values],
    );
    return rows;
  }
}

/** Whether rows can be uploaded to an audience: its own definition looks at its list. */
export function hasList({ definition }: KnownAudience): boolean {
  const parsed = parseDefinition(definition);
  return parsed.ok && [...leavesOf(parsed.definition.where)].some(({ kind }) => kind === 'imported');
}
