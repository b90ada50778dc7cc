import { Injectable } from '@nestjs/common';
import type { EventTime } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';

export const SIMULATION_STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;
export type SimulationState = (typeof SIMULATION_STATES)[number];

export interface SimulationRow {
  id: string;
  journeyId: string;
  version: number;
  /** Of the journey when it was asked for. */
  name: string;
  definition: object;
  from: Date;
  until: Date;
  eventTime: EventTime;
  /** As they were written. */
  responses: object;
  state: SimulationState;
  /** Why it failed. */
  problem: { code: string; message: string } | null;
  /** Persons up to this one were walked. */
  afterPerson: number;
  /** So many of them, something might have moved; undefined so far: of how many. */
  persons: number;
  ofPersons: number | null;
  messages: number;
  failures: number;
  tookMs: number;
  askedBy: string;
  askedAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
  clearedAt: Date | null;
}

export type AskedSimulation = Pick<
  SimulationRow,
  | 'id'
  | 'journeyId'
  | 'version'
  | 'name'
  | 'definition'
  | 'from'
  | 'until'
  | 'eventTime'
  | 'responses'
  | 'askedBy'
  | 'askedAt'
>;

/** Without the definition, which may be long. */
export type SimulationHead = Omit<SimulationRow, 'definition'>;

const HEAD = `SELECT id, journey_id AS "journeyId", version, name, from_at AS "from", until_at AS "until",
    event_time AS "eventTime",
    responses, state, problem, after_person AS "afterPerson", persons, of_persons AS "ofPersons",
    messages::float8 AS messages, failures, took_ms::float8 AS "tookMs", asked_by AS "askedBy", asked_at AS "askedAt",
    started_at AS "startedAt", ended_at AS "endedAt", cleared_at AS "clearedAt"`;
const OF = `FROM journey_simulation WHERE workspace_id = $1 AND deleted_at IS NULL`;
const SELECT = `${HEAD}, definition ${OF}`;

/**
 * Simulations are rows: whoever carries one out walks a page of persons, and keeps what came of it and how far it came in
 * one transaction. A workspace has one running at a time.
 */
@Injectable()
export class SimulationStore {
  async ask(tx: Transaction, row: AskedSimulation): Promise<void> {
    await tx.query(
      `INSERT INTO journey_simulation (workspace_id, id, journey_id, version, name, definition, from_at, until_at,
         event_time, responses, asked_by, asked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        tx.workspaceId,
        row.id,
        row.journeyId,
        row.version,
        row.name,
        JSON.stringify(row.definition),
        row.from,
        row.until,
        row.eventTime,
        JSON.stringify(row.responses),
        row.askedBy,
        row.askedAt,
      ],
    );
  }

  async openCount(tx: Transaction): Promise<number> {
    const { rows } = await tx.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM journey_simulation WHERE workspace_id = $1 AND ended_at IS NULL',
      [tx.workspaceId],
    );
    return rows[0]!.count;
  }

  async find(tx: Transaction, journeyId: string, id: string): Promise<SimulationRow | undefined> {
    const { rows } = await tx.query<SimulationRow>(`${SELECT} AND journey_id = $2 AND id = $3`, [
      tx.workspaceId,
      journeyId,
      id,
    ]);
    return rows[0];
  }

  /** Of a journey below an id, the newest first. */
  async list(
    tx: Transaction,
    journeyId: string,
    below: string | undefined,
    limit: number,
  ): Promise<SimulationHead[]> {
    const { rows } = await tx.query<SimulationHead>(
      `${HEAD} ${OF} AND journey_id = $2 AND ($3::uuid IS NULL OR id < $3::uuid) ORDER BY id DESC LIMIT $4`,
      [tx.workspaceId, journeyId, below ?? null, limit],
    );
    return rows;
  }

  /** The one that runs, or else the oldest that waits, which then does; undefined: there is none. */
  async next(tx: Transaction, now: Date): Promise<SimulationRow | undefined> {
    const { rows } = await tx.query<SimulationRow>(
      `${SELECT} AND ended_at IS NULL ORDER BY state = 'running' DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED`,
      [tx.workspaceId],
    );
    const [row] = rows;
    if (row?.state !== 'queued') return row;
    const { rowCount } = await tx.query(
      `UPDATE journey_simulation SET state = 'running', started_at = $3
       WHERE workspace_id = $1 AND id = $2 AND NOT EXISTS (
         SELECT FROM journey_simulation WHERE workspace_id = $1 AND state = 'running')`,
      [tx.workspaceId, row.id, now],
    );
    return rowCount === 1 ? { ...row, state: 'running', startedAt: now } : undefined;
  }

  /** Whether it still runs and is where it was; then it is locked until the transaction ends. */
  async lock(tx: Transaction, { id, afterPerson }: SimulationRow): Promise<boolean> {
    const { rowCount } = await tx.query(
      `SELECT FROM journey_simulation WHERE workspace_id = $1 AND id = $2 AND state = 'running' AND after_person = $3
       FOR UPDATE`,
      [tx.workspaceId, id, afterPerson],
    );
    return rowCount === 1;
  }

  /** A page was kept in this transaction, which has locked the row. */
  async took(
    tx: Transaction,
    id: string,
    page: { after: number; persons: number; of: number; messages: number; tookMs: number; done: boolean },
    now: Date,
  ): Promise<void> {
    await tx.query(
      `UPDATE journey_simulation SET after_person = $3, persons = persons + $4, of_persons = $5,
         messages = messages + $6, took_ms = took_ms + $7, failures = 0,
         state = CASE WHEN $8 THEN 'done' ELSE state END, ended_at = CASE WHEN $8 THEN $9::timestamptz END
       WHERE workspace_id = $1 AND id = $2`,
      [
        tx.workspaceId,
        id,
        page.after,
        page.persons,
        page.of,
        page.messages,
        Math.max(1, Math.round(page.tookMs)),
        page.done,
        now,
      ],
    );
  }

  /** A page could not be walked. `problem`: it is not tried again. */
  async failed(
    tx: Transaction,
    id: string,
    problem: SimulationRow['problem'] | undefined,
    now: Date,
  ): Promise<void> {
    await tx.query(
      `UPDATE journey_simulation SET failures = failures + 1, problem = $3,
         state = CASE WHEN $3::jsonb IS NULL THEN state ELSE 'failed' END,
         ended_at = CASE WHEN $3::jsonb IS NULL THEN NULL ELSE $4::timestamptz END
       WHERE workspace_id = $1 AND id = $2 AND state = 'running'`,
      [tx.workspaceId, id, problem ? JSON.stringify(problem) : null, now],
    );
  }

  /** @returns whether it had not ended */
  async cancel(tx: Transaction, id: string, now: Date): Promise<boolean> {
    const { rowCount } = await tx.query(
      `UPDATE journey_simulation SET state = 'cancelled', ended_at = $3
       WHERE workspace_id = $1 AND id = $2 AND ended_at IS NULL`,
      [tx.workspaceId, id, now],
    );
    return rowCount === 1;
  }

  /** It is there no more for whoever asks; its rows are cleared page by page. */
  async remove(tx: Transaction, id: string, now: Date): Promise<void> {
    await tx.query(
      `UPDATE journey_simulation SET deleted_at = $3, ended_at = coalesce(ended_at, $3),
         state = CASE WHEN ended_at IS NULL THEN 'cancelled' ELSE state END
       WHERE workspace_id = $1 AND id = $2`,
      [tx.workspaceId, id, now],
    );
  }
}
