import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import type { RequestedRule, ScheduleRule } from './schedule-rule';

export interface ScheduleRow {
  audienceId: string;
  rule: ScheduleRule;
  paused: boolean;
  /** When it is due, as far as is known now. */
  dueAt: Date | null;
  lastDueAt: Date | null;
  lastRunAt: Date | null;
  lastEvaluationId: string | null;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

/** One that is due, with how many events had come when it was claimed. */
export interface DueSchedule extends ScheduleRow {
  dueAt: Date;
  seenPos: string;
}

/** What a schedule becomes by a request; `dueAt` is the next moment of a cron that is not paused. */
export interface NewSchedule extends RequestedRule {
  audienceId: string;
  paused: boolean;
  dueAt: Date | null;
}

/** Events of the workspace: how many came, whether all are applied, and when the last of them came. */
const EVENTS = `(SELECT coalesce(sum(head), 0) AS head, coalesce(bool_and(applied >= head), true) AS applied
  FROM ingest_head WHERE workspace_id = $1) AS events`;
const CAME_AT = `(SELECT max(last.received_at) FROM ingest_head h, LATERAL (
    SELECT l.received_at FROM ingest_log l WHERE l.workspace_id = $1 AND l.partition = h.partition
    ORDER BY l.pos DESC LIMIT 1) AS last
  WHERE h.workspace_id = $1)`;
/** After ingest, a moment is known once something has come: it moves while more comes. */
const DUE_AT = `CASE WHEN s.quiet_ms IS NULL THEN s.due_at
  WHEN NOT s.paused AND events.head > s.seen_pos THEN greatest(
    coalesce(${CAME_AT}, s.updated_at) + s.quiet_ms * interval '1 millisecond',
    s.last_run_at + s.at_most_ms * interval '1 millisecond') END`;

const COLUMNS = `s.audience_id AS "audienceId", s.rule, s.paused, ${DUE_AT} AS "dueAt", s.last_due_at AS "lastDueAt",
  s.last_run_at AS "lastRunAt", s.last_evaluation_id AS "lastEvaluationId", s.version::float8 AS version,
  s.created_at AS "createdAt", s.updated_at AS "updatedAt"`;
const FROM = `FROM audience_schedule s CROSS JOIN ${EVENTS} WHERE s.workspace_id = $1`;
const DUE = `NOT s.paused AND (s.quiet_ms IS NULL OR events.applied) AND ${DUE_AT} <= $2`;

@Injectable()
export class ScheduleStore {
  async find(tx: Transaction, audienceId: string): Promise<ScheduleRow | undefined> {
    const { rows } = await tx.query<ScheduleRow>(`SELECT ${COLUMNS} ${FROM} AND s.audience_id = $2`, [
      tx.workspaceId,
      audienceId,
    ]);
    return rows[0];
  }

  /** Make or replace it; the row of the audience must be locked. Only what comes from now on counts as ingested. */
  async put(tx: Transaction, to: NewSchedule, at: Date): Promise<void> {
    await tx.query(
      `INSERT INTO audience_schedule AS s (workspace_id, audience_id, rule, paused, due_at, quiet_ms, at_most_ms, seen_pos,
         created_at, updated_at)
       SELECT $1, $2, $3, $4, $5, $6, $7, head, $8, $8 FROM ${EVENTS}
       ON CONFLICT (workspace_id, audience_id) DO UPDATE SET rule = excluded.rule, paused = excluded.paused,
         due_at = excluded.due_at, quiet_ms = excluded.quiet_ms, at_most_ms = excluded.at_most_ms,
         seen_pos = excluded.seen_pos, updated_at = excluded.updated_at, version = s.version + 1`,
      [
        tx.workspaceId,
        to.audienceId,
        JSON.stringify(to.rule),
        to.paused,
        to.dueAt,
        to.quietMs,
        to.atMostMs,
        at,
      ],
    );
  }

  async remove(tx: Transaction, audienceId: string): Promise<void> {
    await tx.query('DELETE FROM audience_schedule WHERE workspace_id = $1 AND audience_id = $2', [
      tx.workspaceId,
      audienceId,
    ]);
  }

  /** Audiences whose schedule is due, the longest due first. */
  async due(tx: Transaction, now: Date, limit: number): Promise<string[]> {
    const { rows } = await tx.query<{ audienceId: string }>(
      `SELECT ${COLUMNS} ${FROM} AND ${DUE} ORDER BY "dueAt", "audienceId" LIMIT $3`,
      [tx.workspaceId, now, limit],
    );
    return rows.map((row) => row.audienceId);
  }

  /** The right to run it, until the transaction ends; undefined when another hub has it or had it. */
  async claim(tx: Transaction, audienceId: string, now: Date): Promise<DueSchedule | undefined> {
    const { rows } = await tx.query<DueSchedule>(
      `SELECT ${COLUMNS}, events.head AS "seenPos" ${FROM} AND ${DUE} AND s.audience_id = $3 FOR UPDATE OF s SKIP LOCKED`,
      [tx.workspaceId, now, audienceId],
    );
    return rows[0];
  }

  /** It ran: note what for, and when it is due next. */
  async ran(
    tx: Transaction,
    schedule: DueSchedule,
    run: { at: Date; evaluationId: string; nextDueAt: Date | null },
  ): Promise<void> {
    await tx.query(
      `UPDATE audience_schedule SET due_at = $3, last_due_at = $4, last_run_at = $5, last_evaluation_id = $6, seen_pos = $7
       WHERE workspace_id = $1 AND audience_id = $2`,
      [
        tx.workspaceId,
        schedule.audienceId,
        run.nextDueAt,
        schedule.dueAt,
        run.at,
        run.evaluationId,
        schedule.seenPos,
      ],
    );
  }

  /** Those that go by the workspace's zone and run again after `after`, locked. */
  async inWorkspaceZone(tx: Transaction, after: Date): Promise<{ audienceId: string; cron: string }[]> {
    const { rows } = await tx.query<{ audienceId: string; cron: string }>(
      `SELECT audience_id AS "audienceId", rule ->> 'cron' AS cron FROM audience_schedule
       WHERE workspace_id = $1 AND due_at > $2 AND NOT rule ? 'zone' ORDER BY audience_id FOR UPDATE`,
      [tx.workspaceId, after],
    );
    return rows;
  }

  async reschedule(tx: Transaction, audienceId: string, dueAt: Date): Promise<void> {
    await tx.query('UPDATE audience_schedule SET due_at = $3 WHERE workspace_id = $1 AND audience_id = $2', [
      tx.workspaceId,
      audienceId,
      dueAt,
    ]);
  }
}
