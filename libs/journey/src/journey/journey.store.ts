import { Injectable } from '@nestjs/common';
import type { UsageViolation } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import { windowOf } from '../definition/parse-goal';
import { holdJourneys } from './journey-lock';
import type { JourneyState } from './journey-state';

export interface JourneyRow {
  id: string;
  name: string;
  description: string;
  state: JourneyState;
  liveVersion: number | null;
  /** The newest there is: a draft unless it was taken into use. */
  newestVersion: number;
  /** Whether the newest can still be changed. */
  isDraft: boolean;
  pausedAt: Date | null;
  test: { speed: number; profiles: number } | null;
  usageViolations: UsageViolation[];
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

export interface VersionRow {
  version: number;
  /** As it was written. */
  definition: object;
  createdAt: Date;
  /** When it was taken into use last, to be live or tested. */
  publishedAt: Date | null;
}

const SELECT = `SELECT j.id, j.name, j.description, j.state, j.live_version AS "liveVersion", v.version AS "newestVersion",
    v.published_at IS NULL AS "isDraft", j.paused_at AS "pausedAt", j.test,
    coalesce(j.usage_violations, '[]') AS "usageViolations", j.version::float8 AS version, j.created_at AS "createdAt",
    j.updated_at AS "updatedAt"
  FROM journey j CROSS JOIN LATERAL (
    SELECT version, published_at FROM journey_version
    WHERE workspace_id = j.workspace_id AND journey_id = j.id ORDER BY version DESC LIMIT 1) v
  WHERE j.workspace_id = $1 AND j.deleted_at IS NULL`;

const VERSION = `version, definition, created_at AS "createdAt", published_at AS "publishedAt"`;

@Injectable()
export class JourneyStore {
  async insert(
    tx: Transaction,
    row: { id: string; name: string; description: string; definition: object; at: Date },
  ): Promise<void> {
    await tx.query(
      `INSERT INTO journey (workspace_id, id, name, description, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)`,
      [tx.workspaceId, row.id, row.name, row.description, row.at],
    );
    await this.saveDraft(tx, row.id, 1, row.definition, row.at);
  }

  async find(tx: Transaction, id: string): Promise<JourneyRow | undefined> {
    const { rows } = await tx.query<JourneyRow>(`${SELECT} AND j.id = $2`, [tx.workspaceId, id]);
    return rows[0];
  }

  /** The same, locked until the transaction ends. No turn that reads it as it was is written from now on. */
  async lock(tx: Transaction, id: string): Promise<JourneyRow | undefined> {
    await holdJourneys(tx);
    await tx.query('SELECT FROM journey WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE', [
      tx.workspaceId,
      id,
    ]);
    return this.find(tx, id);
  }

  async list(tx: Transaction, afterId: string | undefined, limit: number): Promise<JourneyRow[]> {
    const { rows } = await tx.query<JourneyRow>(
      `${SELECT} AND ($2::uuid IS NULL OR j.id > $2::uuid) ORDER BY j.id LIMIT $3`,
      [tx.workspaceId, afterId ?? null, limit],
    );
    return rows;
  }

  async named(tx: Transaction, names: readonly string[]): Promise<{ id: string; name: string }[]> {
    const { rows } = await tx.query<{ id: string; name: string }>(
      'SELECT id, name FROM journey WHERE workspace_id = $1 AND name = ANY($2::text[]) AND deleted_at IS NULL ORDER BY id',
      [tx.workspaceId, names],
    );
    return rows;
  }

  async rename(
    tx: Transaction,
    id: string,
    { name, description }: { name: string; description: string },
    at: Date,
  ): Promise<void> {
    await tx.query(
      `UPDATE journey SET name = $3, description = $4, version = version + 1, updated_at = $5
       WHERE workspace_id = $1 AND id = $2`,
      [tx.workspaceId, id, name, description, at],
    );
  }

  /** The draft of this version; a version that was taken into use is never written again. */
  async saveDraft(tx: Transaction, id: string, version: number, definition: object, at: Date): Promise<void> {
    await tx.query(
      `INSERT INTO journey_version (workspace_id, journey_id, version, definition, created_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (workspace_id, journey_id, version)
       DO UPDATE SET definition = excluded.definition, created_at = excluded.created_at
       WHERE journey_version.published_at IS NULL`,
      [tx.workspaceId, id, version, JSON.stringify(definition), at],
    );
  }

  async touch(tx: Transaction, id: string, at: Date): Promise<void> {
    await tx.query(
      'UPDATE journey SET version = version + 1, updated_at = $3 WHERE workspace_id = $1 AND id = $2',
      [tx.workspaceId, id, at],
    );
  }

  /** `liveVersion`: what new entries are taken into from now on; null: nothing. */
  async setState(
    tx: Transaction,
    id: string,
    to: Pick<JourneyRow, 'state' | 'liveVersion' | 'pausedAt' | 'test'>,
    at: Date,
  ): Promise<void> {
    const leaves = to.state === 'stopped' || to.state === 'draft';
    const followedUntil = leaves ? await this.lastWindow(tx, id, at) : null;
    await tx.query(
      `UPDATE journey SET state = $3, live_version = $4, paused_at = $5, test = $6, followed_until = $7,
         version = version + 1, updated_at = $8
       WHERE workspace_id = $1 AND id = $2`,
      [
        ...[tx.workspaceId, id, to.state, to.liveVersion, to.pausedAt, to.test && JSON.stringify(to.test)],
        ...[followedUntil, at],
      ],
    );
  }

  /** When the last conversion window of those who have entered by now is over, at the latest; null: there is none. */
  private async lastWindow(tx: Transaction, id: string, now: Date): Promise<Date | null> {
    const { rows } = await tx.query<{ goal: { within?: unknown } }>(
      `SELECT definition->'goal' AS goal FROM journey_version WHERE workspace_id = $1 AND journey_id = $2
         AND published_at IS NOT NULL AND definition->'goal' IS NOT NULL`,
      [tx.workspaceId, id],
    );
    if (rows.length === 0) return null;
    return new Date(now.getTime() + Math.max(...rows.map(({ goal }) => windowOf(goal))));
  }

  async use(tx: Transaction, id: string, version: number, at: Date): Promise<void> {
    await tx.query(
      'UPDATE journey_version SET published_at = $4 WHERE workspace_id = $1 AND journey_id = $2 AND version = $3',
      [tx.workspaceId, id, version, at],
    );
  }

  async saveUsage(
    tx: Transaction,
    id: string,
    { version, violations }: { version: number; violations: UsageViolation[] },
  ): Promise<void> {
    await tx.query(
      'UPDATE journey SET usage_version = $3, usage_violations = $4 WHERE workspace_id = $1 AND id = $2',
      [tx.workspaceId, id, version, violations.length === 0 ? null : JSON.stringify(violations)],
    );
  }

  /** It is there no more for whoever asks; what it did stays told in its traces. */
  async remove(tx: Transaction, id: string, at: Date): Promise<void> {
    await tx.query(
      'UPDATE journey SET deleted_at = $3, updated_at = $3, version = version + 1 WHERE workspace_id = $1 AND id = $2',
      [tx.workspaceId, id, at],
    );
  }

  async version(tx: Transaction, id: string, version: number): Promise<VersionRow | undefined> {
    const { rows } = await tx.query<VersionRow>(
      `SELECT ${VERSION} FROM journey_version WHERE workspace_id = $1 AND journey_id = $2 AND version = $3`,
      [tx.workspaceId, id, version],
    );
    return rows[0];
  }

  /** Versions below `below`, the newest first. */
  async versions(tx: Transaction, id: string, below: number, limit: number): Promise<VersionRow[]> {
    const { rows } = await tx.query<VersionRow>(
      `SELECT ${VERSION} FROM journey_version WHERE workspace_id = $1 AND journey_id = $2 AND version < $3
       ORDER BY version DESC LIMIT $4`,
      [tx.workspaceId, id, below, limit],
    );
    return rows;
  }
}
