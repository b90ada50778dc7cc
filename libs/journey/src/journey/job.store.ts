import { Injectable } from '@nestjs/common';
import { newId } from '@percorso/kernel';
import type { Transaction } from '@percorso/storage';
import type { JobView } from './journey.dto';
import type { StepMap } from '../engine/move-instance';

/** What is asked of those inside a journey. */
export type AskedJob =
  /** Those of other versions go on in this one; see `moveInstance`. */
  | { kind: 'move'; toVersion: number; steps: StepMap }
  /** Those of other versions end, and enter this one anew. */
  | { kind: 'restart'; toVersion: number }
  /** Those who entered until it was asked for end. */
  | { kind: 'stop' };

export type JourneyJob = AskedJob & {
  id: string;
  journeyId: string;
  askedAt: Date;
  /** Instances up to this one, by id, were looked at. */
  afterId: string;
  /** How many were concerned so far. */
  done: number;
};

interface Row {
  id: string;
  journeyId: string;
  kind: AskedJob['kind'];
  toVersion: number;
  steps: StepMap;
  askedAt: Date;
  afterId: string;
  done: number;
}

const COLUMNS = `id, journey_id AS "journeyId", kind, to_version AS "toVersion", step_map AS steps, asked_at AS "askedAt",
  after_id AS "afterId", done::float8 AS done`;

/**
 * Jobs are rows: whoever carries one out takes pages of instances, and keeps how far it came in the transaction that
 * changes them. A journey has one at a time.
 */
@Injectable()
export class JobStore {
  /** Ask for one; another that is not done is given up. */
  async ask(tx: Transaction, journeyId: string, job: AskedJob, actor: string, now: Date): Promise<string> {
    await this.giveUp(tx, journeyId, now);
    const id = newId();
    await tx.query(
      `INSERT INTO journey_job (workspace_id, id, journey_id, kind, to_version, step_map, asked_by, asked_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        tx.workspaceId,
        id,
        journeyId,
        job.kind,
        'toVersion' in job ? job.toVersion : null,
        JSON.stringify('steps' in job ? job.steps : {}),
        actor,
        now,
      ],
    );
    return id;
  }

  async giveUp(tx: Transaction, journeyId: string, now: Date): Promise<void> {
    await tx.query(
      `UPDATE journey_job SET ended_at = $3, superseded = true
       WHERE workspace_id = $1 AND journey_id = $2 AND ended_at IS NULL`,
      [tx.workspaceId, journeyId, now],
    );
  }

  /** All of a journey below an id, the newest first. */
  async list(
    tx: Transaction,
    journeyId: string,
    below: string | undefined,
    limit: number,
  ): Promise<JobView[]> {
    const { rows } = await tx.query<JobView>(
      `SELECT id, kind, to_version AS "toVersion", step_map AS steps, done::float8 AS done, asked_at AS "askedAt",
         ended_at AS "endedAt",
         CASE WHEN ended_at IS NULL THEN 'open' WHEN superseded THEN 'superseded' ELSE 'done' END AS state
       FROM journey_job WHERE workspace_id = $1 AND journey_id = $2 AND ($3::uuid IS NULL OR id < $3::uuid)
       ORDER BY id DESC LIMIT $4`,
      [tx.workspaceId, journeyId, below ?? null, limit],
    );
    return rows;
  }

  /** Those that are not done, the oldest first. */
  async open(tx: Transaction, limit = 100): Promise<JourneyJob[]> {
    const { rows } = await tx.query<Row>(
      `SELECT ${COLUMNS} FROM journey_job WHERE workspace_id = $1 AND ended_at IS NULL ORDER BY id LIMIT $2`,
      [tx.workspaceId, limit],
    );
    return rows as JourneyJob[];
  }

  /** The same job as it is now, locked until the transaction ends; undefined when it is done or given up. */
  async lock(tx: Transaction, id: string): Promise<JourneyJob | undefined> {
    const { rows } = await tx.query<Row>(
      `SELECT ${COLUMNS} FROM journey_job WHERE workspace_id = $1 AND id = $2 AND ended_at IS NULL FOR UPDATE`,
      [tx.workspaceId, id],
    );
    return rows[0] as JourneyJob | undefined;
  }

  /** The next instances it concerns, `limit` at most; fewer: there are no more. */
  async page(tx: Transaction, job: JourneyJob, limit: number): Promise<string[]> {
    const { rows } = await tx.query<{ id: string }>(
      `SELECT id FROM journey_instance
       WHERE workspace_id = $1 AND journey_id = $2 AND state = 'active' AND id > $3
         AND CASE WHEN $4::int IS NULL THEN entered_at <= $5 ELSE version <> $4 END
       ORDER BY id LIMIT $6`,
      [
        tx.workspaceId,
        job.journeyId,
        job.afterId,
        'toVersion' in job ? job.toVersion : null,
        job.askedAt,
        limit,
      ],
    );
    return rows.map(({ id }) => id);
  }

  /** A page was carried out in this transaction, which has locked the job. `last`: there is no other. */
  async took(
    tx: Transaction,
    job: JourneyJob,
    ids: readonly string[],
    last: boolean,
    now: Date,
  ): Promise<void> {
    await tx.query(
      `UPDATE journey_job SET after_id = $3, done = done + $4, ended_at = $5 WHERE workspace_id = $1 AND id = $2`,
      [tx.workspaceId, job.id, ids.at(-1) ?? job.afterId, ids.length, last ? now : null],
    );
  }
}
