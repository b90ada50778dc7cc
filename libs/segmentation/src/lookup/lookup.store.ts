import { Injectable } from '@nestjs/common';
import { flatten } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import type { LookupItems } from '../stream/lookup-items';

export interface LookupItem {
  key: string;
  /** Undefined: there is to be no such item. */
  fields: Record<string, unknown> | undefined;
}

@Injectable()
export class LookupStore {
  /** The next version; whoever else changes items waits until the transaction ends. */
  async nextVersion(tx: Transaction): Promise<string> {
    const { rows } = await tx.query<{ version: string }>(
      `INSERT INTO lookup_version AS v (workspace_id, version) VALUES ($1, 1)
       ON CONFLICT (workspace_id) DO UPDATE SET version = v.version + 1 RETURNING version`,
      [tx.workspaceId],
    );
    return rows[0]!.version;
  }

  /** Write items, each key once; how many became others than they were. */
  async write(tx: Transaction, name: string, items: readonly LookupItem[], version: string): Promise<number> {
    const rows = items.map(({ key, fields }) => ({ key, fields: fields ?? {}, deleted: !fields }));
    const { rowCount } = await tx.query(
      `INSERT INTO lookup_item AS i (workspace_id, name, key, fields, deleted, version)
       SELECT $1, $2, r.key, r.fields, r.deleted, $4
       FROM json_to_recordset($3::json) AS r (key text, fields jsonb, deleted boolean)
       WHERE NOT r.deleted OR EXISTS (SELECT FROM lookup_item o WHERE o.workspace_id = $1 AND o.name = $2 AND o.key = r.key)
       ON CONFLICT (workspace_id, name, key) DO UPDATE SET fields = excluded.fields, deleted = excluded.deleted,
         version = excluded.version, dirty = true
         WHERE i.fields <> excluded.fields OR i.deleted <> excluded.deleted`,
      [tx.workspaceId, name, JSON.stringify(rows), version],
    );
    return rowCount ?? 0;
  }

  async count(tx: Transaction, name: string): Promise<number> {
    const { rows } = await tx.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM lookup_item WHERE workspace_id = $1 AND name = $2 AND NOT deleted',
      [tx.workspaceId, name],
    );
    return rows[0]!.count;
  }

  async find(tx: Transaction, name: string, key: string): Promise<Record<string, unknown> | undefined> {
    const { rows } = await tx.query<{ fields: Record<string, unknown> }>(
      'SELECT fields FROM lookup_item WHERE workspace_id = $1 AND name = $2 AND key = $3 AND NOT deleted',
      [tx.workspaceId, name, key],
    );
    return rows[0]?.fields;
  }

  /** Bring a copy up to what this transaction sees. */
  async refresh(tx: Transaction, items: LookupItems): Promise<void> {
    if (items.names.length === 0) return;
    const { rows } = await tx.query<LookupItem & { name: string; version: string }>(
      `SELECT name, key, CASE WHEN NOT deleted THEN fields END AS fields, version FROM lookup_item
       WHERE workspace_id = $1 AND version > $2 AND name = ANY($3::text[])`,
      [tx.workspaceId, items.version, items.names],
    );
    for (const { name, key, fields, version } of rows) {
      items.set(name, key, fields ? flatten(fields) : undefined);
      items.version = Math.max(items.version, Number(version));
    }
  }

  /** Active audiences whose own definition looks at the lookup. */
  async audiencesOf(tx: Transaction, name: string): Promise<string[]> {
    const { rows } = await tx.query<{ id: string }>(
      `SELECT a.id FROM audience a JOIN audience_definition d
         ON d.workspace_id = a.workspace_id AND d.audience_id = a.id AND d.version = a.definition_version
       WHERE a.workspace_id = $1 AND a.state = 'active'
         AND jsonb_path_exists(d.definition, '$.**.lookup ? (@ == $name)', jsonb_build_object('name', $2::text))
       ORDER BY a.id`,
      [tx.workspaceId, name],
    );
    return rows.map((row) => row.id);
  }
}
