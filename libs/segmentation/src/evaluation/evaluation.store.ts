import { Injectable } from '@nestjs/common';
import { newId } from '@percorso/kernel';
import type { Transaction } from '@percorso/storage';
import type { AppliedChange } from '../membership/membership.store';

export interface EvaluationRow {
  id: string;
  audienceId: string;
  definitionVersion: number;
  state: 'pending' | 'running' | 'done' | 'failed';
  asOfPos: number | null;
  asOf: Date | null;
  members: number | null;
  entered: number;
  exited: number;
  /** Memberships found wrong and healed; null where the definition was computed for the first time. */
  drift: number | null;
  error: string | null;
  createdAt: Date;
  endedAt: Date | null;
}

/** The right to run one evaluation, until the lease ends or another worker takes it with a higher fence. */
export interface EvaluationLease {
  id: string;
  audienceId: string;
  definitionVersion: number;
  /** The definition version last computed as a set before. */
  backfilledVersion: number | null;
  fence: string;
  /** Why it was asked for, where its deltas tell it. */
  cause: EvaluationCause | null;
}

export type EvaluationCause = 'lookup' | 'trait';

/** The lease went to another worker: whatever this one was about to write, it must not. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

const COLUMNS = `id, audience_id AS "audienceId", definition_version AS "definitionVersion", state,
  as_of_pos::float8 AS "asOfPos", as_of AS "asOf", members::float8 AS members,
  coalesce(entered, 0)::float8 AS entered, coalesce(exited, 0)::float8 AS exited, drift::float8 AS drift, error,
  created_at AS "createdAt", ended_at AS "endedAt"`;

/** Longer than a set query may take; renewed with every chunk of deltas. */
const LEASE = `interval '150 seconds'`;
/** A lease with less left than this is renewed. */
const RENEWED = `interval '120 seconds'`;

@Injectable()
export class EvaluationStore {
  /** Ask for an evaluation of the definition as it is; one that has been asked for and not begun serves again. */
  async insert(
    tx: Transaction,
    row: { id: string; audienceId: string; at: Date; cause?: EvaluationCause },
  ): Promise<EvaluationRow | undefined> {
    const { rows } = await tx.query<EvaluationRow>(
      `WITH asked AS (SELECT * FROM audience WHERE workspace_id = $1 AND id = $3 AND state = 'active' FOR NO KEY UPDATE),
         waiting AS (
           SELECT e.* FROM evaluation e JOIN asked a ON e.workspace_id = a.workspace_id AND e.audience_id = a.id
             AND e.definition_version = a.definition_version
           WHERE e.state = 'pending' AND e.fence = 0 LIMIT 1),
         added AS (
           INSERT INTO evaluation (workspace_id, id, audience_id, definition_version, created_at)
           SELECT workspace_id, $2, id, definition_version, $4 FROM asked WHERE NOT EXISTS (SELECT FROM waiting)
           RETURNING *)
       SELECT ${COLUMNS} FROM added UNION ALL SELECT ${COLUMNS} FROM waiting`,
      [tx.workspaceId, row.id, row.audienceId, row.at],
    );
    if (rows[0] && row.cause) {
      await tx.query('UPDATE evaluation SET cause = $3 WHERE workspace_id = $1 AND id = $2', [
        tx.workspaceId,
        rows[0].id,
        row.cause,
      ]);
    }
    return rows[0];
  }

  /** Ask for evaluations of audiences last evaluated before a moment, so that drift is found; how many. */
  async insertOverdue(tx: Transaction, before: Date, at: Date, limit: number): Promise<number> {
    const { rows } = await tx.query<{ id: string }>(
      `SELECT id FROM audience a WHERE workspace_id = $1 AND state = 'active' AND evaluated_at < $2
         AND NOT EXISTS (SELECT FROM evaluation e WHERE e.workspace_id = $1 AND e.audience_id = a.id
           AND e.state IN ('pending', 'running'))
       ORDER BY evaluated_at LIMIT $3`,
      [tx.workspaceId, before, limit],
    );
    for (const { id } of rows) await this.insert(tx, { id: newId(), audienceId: id, at });
    return rows.length;
  }

  /** The next evaluation of an audience that waits. */
  async next(tx: Transaction, audienceId: string): Promise<string | undefined> {
    const { rows } = await tx.query<{ id: string }>(
      `SELECT id FROM evaluation WHERE workspace_id = $1 AND audience_id = $2 AND state = 'pending'
       ORDER BY created_at, id LIMIT 1`,
      [tx.workspaceId, audienceId],
    );
    return rows[0]?.id;
  }

  async find(tx: Transaction, id: string): Promise<EvaluationRow | undefined> {
    const { rows } = await tx.query<EvaluationRow>(
      `SELECT ${COLUMNS} FROM evaluation WHERE workspace_id = $1 AND id = $2`,
      [tx.workspaceId, id],
    );
    return rows[0];
  }

  /** Evaluations that nobody works on and somebody should, oldest first. */
  async waiting(tx: Transaction): Promise<string[]> {
    const { rows } = await tx.query<{ id: string }>(
      `SELECT id FROM evaluation WHERE workspace_id = $1 AND state IN ('pending', 'running')
         AND (lease_until IS NULL OR lease_until < now()) ORDER BY created_at, id LIMIT 100`,
      [tx.workspaceId],
    );
    return rows.map((row) => row.id);
  }

  /**
   * Take the lease. Nothing when somebody holds it, the evaluation has ended, or an older one of the same audience is
   * still open: an audience is evaluated by one worker at a time, in the order asked for.
   */
  async claim(tx: Transaction, id: string): Promise<EvaluationLease | undefined> {
    const { rows: audience } = await tx.query<{ backfilledVersion: number | null }>(
      `SELECT backfilled_version AS "backfilledVersion" FROM audience WHERE workspace_id = $1
         AND id = (SELECT audience_id FROM evaluation WHERE workspace_id = $1 AND id = $2) FOR NO KEY UPDATE`,
      [tx.workspaceId, id],
    );
    if (!audience[0]) return undefined;
    const { rows } = await tx.query<Omit<EvaluationLease, 'backfilledVersion'>>(
      `UPDATE evaluation e SET state = 'running', fence = fence + 1, lease_until = now() + ${LEASE}
       WHERE workspace_id = $1 AND id = $2 AND state IN ('pending', 'running')
         AND (lease_until IS NULL OR lease_until < now())
         AND NOT EXISTS (SELECT FROM evaluation o WHERE o.workspace_id = $1 AND o.audience_id = e.audience_id
           AND o.state IN ('pending', 'running') AND (o.created_at, o.id) < (e.created_at, e.id))
       RETURNING id, audience_id AS "audienceId", definition_version AS "definitionVersion", fence, cause`,
      [tx.workspaceId, id],
    );
    return rows[0] && { ...rows[0], ...audience[0] };
  }

  /**
   * Note what a chunk did and renew the lease, in that chunk's transaction. What was healed as drift is noted with it:
   * a try that breaks off later must not make it look as if nothing had been wrong. @throws LeaseLost
   */
  async progress(
    tx: Transaction,
    lease: EvaluationLease,
    done: AppliedChange,
    drift: number | null,
  ): Promise<void> {
    await this.fenced(
      tx,
      `entered = coalesce(entered, 0) + $4, exited = coalesce(exited, 0) + $5, drift = CASE WHEN $6::bigint IS NULL THEN drift ELSE coalesce(drift, 0) + $6 END,
       lease_until = now() + ${LEASE}`,
      lease,
      [done.entered, done.exited, drift],
    );
  }

  /** Renew leases of evaluations whose turn has not come, once some of their time is gone; one that was lost meanwhile stays lost. */
  async keep(tx: Transaction, leases: readonly EvaluationLease[]): Promise<void> {
    if (leases.length === 0) return;
    await tx.query(
      `UPDATE evaluation e SET lease_until = now() + ${LEASE} FROM unnest($2::uuid[], $3::bigint[]) AS l (id, fence)
       WHERE e.workspace_id = $1 AND e.id = l.id AND e.fence = l.fence AND e.state = 'running'
         AND e.lease_until < now() + ${RENEWED}`,
      [tx.workspaceId, leases.map(({ id }) => id), leases.map(({ fence }) => fence)],
    );
  }

  /** @throws LeaseLost */
  async finish(
    tx: Transaction,
    lease: EvaluationLease,
    result: { members: number; asOfPos: number; asOf: Date; endedAt: Date; asDrift: boolean },
  ): Promise<void> {
    // The audience's row before the evaluation's, as everywhere. Whoever has it enters or leaves people meanwhile, and a
    // statement that waited for it would count as before: it is locked first, and counted then.
    await tx.query(`SELECT FROM audience WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE`, [
      tx.workspaceId,
      lease.audienceId,
    ]);
    // Unsettled meanwhile, it stays so.
    await tx.query(
      `UPDATE audience SET as_of_pos = $3, evaluated_at = $4, 
         backfilled_version = CASE WHEN backfilled_version IS NOT DISTINCT FROM $6 THEN $5 ELSE backfilled_version END,
         members = (SELECT count(*) FROM membership WHERE workspace_id = $1 AND audience_id = $2 AND member)
       WHERE workspace_id = $1 AND id = $2`,
      [
        tx.workspaceId,
        lease.audienceId,
        result.asOfPos,
        result.asOf,
        lease.definitionVersion,
        lease.backfilledVersion,
      ],
    );
    await this.fenced(
      tx,
      `state = 'done', lease_until = NULL, members = $4, as_of_pos = $5, as_of = $6, ended_at = $7,
       drift = CASE WHEN $8 THEN coalesce(drift, 0) END,
       entered = coalesce(entered, 0), exited = coalesce(exited, 0)`,
      lease,
      [result.members, result.asOfPos, result.asOf, result.endedAt, result.asDrift],
    );
  }

  async fail(tx: Transaction, lease: EvaluationLease, error: string, endedAt: Date): Promise<void> {
    await this.fenced(tx, `state = 'failed', lease_until = NULL, error = $4, ended_at = $5`, lease, [
      error,
      endedAt,
    ]);
  }

  /** Give the lease back unfinished: whoever comes next starts over. */
  async release(tx: Transaction, lease: EvaluationLease, retryAfterSeconds: number): Promise<void> {
    await this.fenced(tx, `lease_until = now() + make_interval(secs => $4)`, lease, [retryAfterSeconds]);
  }

  private async fenced(
    tx: Transaction,
    set: string,
    lease: EvaluationLease,
    values: unknown[],
  ): Promise<void> {
    const { rowCount } = await tx.query(
      `UPDATE evaluation SET ${set} WHERE workspace_id = $1 AND id = $2 AND fence = $3 AND state = 'running'`,
      [tx.workspaceId, lease.id, lease.fence, ...values],
    );
    if (rowCount !== 1) throw new LeaseLost(`evaluation ${lease.id} belongs to another worker`);
  }
}
