import { Injectable } from '@nestjs/common';
import { Transaction } from '@percorso/storage';
import { ComputedValue } from './computed-values';

/** What a person's computed traits are to be from now on; those not named stay. */
export interface ComputedChange {
  person: number;
  /** By key; undefined: no value. */
  values: ReadonlyMap<string, ComputedValue | undefined>;
}

/** A person as one computed trait sees it. */
export interface ComputedRow {
  person: number;
  value: ComputedValue | null;
  /** Whether sources say something of the key, too. */
  said: boolean;
}

/** Writes and reads what the hub computes of persons. Callers hold the right to write memberships. */
@Injectable()
export class ComputedValueStore {
  /**
   * Give persons new values and their profiles new versions. Rows that another transaction holds are left out, so that
   * no writer of profiles waits for another in a circle.
   * @returns who was written
   */
  async write(tx: Transaction, changes: readonly ComputedChange[], now: Date): Promise<Set<number>> {
    if (changes.length === 0) return new Set();
    const at = now.toISOString();
    const rows = changes.map(({ person, values }) => ({
      person,
      gone: [...values].flatMap(([key, value]) => (value ? [] : [key])),
      given: Object.fromEntries(
        [...values].flatMap(([key, value]) => (value ? [[key, { ...value, at }]] : [])),
      ),
    }));
    const { rows: written } = await tx.query<{ person: number }>(
      `WITH free AS (
         SELECT person FROM profile WHERE workspace_id = $1 AND person = ANY($2::int[]) AND state = 'active'
         ORDER BY person FOR NO KEY UPDATE SKIP LOCKED)
       UPDATE profile p SET computed = (p.computed - r.gone) || r.given, version = p.version + 1, dirty = true,
         updated_at = $4
       FROM free JOIN json_to_recordset($3::json) AS r (person int, gone text[], given jsonb) USING (person)
       WHERE p.workspace_id = $1 AND p.person = ANY($2) AND p.person = free.person RETURNING p.person`,
      [tx.workspaceId, rows.map((row) => row.person), JSON.stringify(rows), now],
    );
    return new Set(written.map((row) => row.person));
  }

  /** Live persons after `after` in the order of their numbers, each with its value of one trait. */
  async page(tx: Transaction, key: string, after: number, limit: number): Promise<ComputedRow[]> {
    const { rows } = await tx.query<ComputedRow>(
      `SELECT person, computed -> $2 AS value, traits ? $2 AS said FROM profile
       WHERE workspace_id = $1 AND person > $3 AND state = 'active' ORDER BY person LIMIT $4`,
      [tx.workspaceId, key, after, limit],
    );
    return rows;
  }

  /**
   * Take a trait away from persons after `after`, merged ones too, and from `limit` persons at most looked at.
   * @returns the last person looked at; undefined when there are no more
   */
  async remove(
    tx: Transaction,
    key: string,
    after: number,
    limit: number,
    now: Date,
  ): Promise<number | undefined> {
    const { rows } = await tx.query<{ last: number | null }>(
      `WITH looked AS (
         SELECT person FROM profile WHERE workspace_id = $1 AND person > $3 ORDER BY person LIMIT $4),
       changed AS (
         UPDATE profile p SET computed = p.computed - $2::text, version = p.version + 1, dirty = true, updated_at = $5
         FROM looked WHERE p.workspace_id = $1 AND p.person = looked.person
           AND (p.computed ? $2 OR p.traits ? $2))
       SELECT max(person) AS last FROM looked`,
      [tx.workspaceId, key, after, limit, now],
    );
    return rows[0]?.last ?? undefined;
  }
}
