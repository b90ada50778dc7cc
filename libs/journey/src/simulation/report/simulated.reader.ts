import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import type { EntryFacts, Token } from '../../engine/instance';
import type { TraceEntry } from '../../engine/protocol';
import type { CountRow } from '../../insight/report';
import type { InstanceRow } from '../../insight/insight.store';
import type { RefusalCode } from '../../runtime/walk/admission';
import type { DayCount } from './count-page';

export interface KeptMessage {
  /** Tells apart those of one moment. */
  n: string;
  profileId: string;
  instanceId: string;
  /** '' where there is none. */
  key: string;
  step: string;
  nth: number;
  visit: number;
  at: Date;
  connectorId: string;
  channel: string | null;
  operation: string;
  outcome: string | null;
  code: string | null;
  payload: Record<string, unknown> | null;
}

export interface KeptSimulatedInstance extends InstanceRow {
  entry: EntryFacts;
  context: Record<string, unknown>;
  tokens: Token[];
  trace: TraceEntry[];
}

export interface KeptRefusal {
  person: number;
  n: number;
  profileId: string | null;
  at: Date;
  code: RefusalCode;
}

const MESSAGE = `m.n, m.profile_id AS "profileId", m.instance_id AS "instanceId", m.key, m.step, m.nth, m.visit, m.at,
  m.connector_id AS "connectorId", m.channel, m.operation, m.outcome, m.code, m.payload`;

const INSTANCE = `i.id, s.version, i.profile_id AS "profileId", i.key, i.state, i.end_reason AS "endReason",
  i.entered_at AS "enteredAt", i.ended_at AS "endedAt", i.goal_until AS "goalUntil", i.goal_at AS "goalAt", i.holdout, 1 AS speed, i.tokens`;

const OF_INSTANCES = `journey_simulation s JOIN journey_simulation_instance i
  ON i.workspace_id = s.workspace_id AND i.simulation_id = s.id WHERE s.workspace_id = $1 AND s.id = $2`;

/** Reads what was kept of simulations. */
@Injectable()
export class SimulatedReader {
  async counts(tx: Transaction, simulationId: string): Promise<CountRow[]> {
    const { rows } = await tx.query<CountRow>(
      `SELECT step, what, count::float8 AS count FROM journey_simulation_count
       WHERE workspace_id = $1 AND simulation_id = $2`,
      [tx.workspaceId, simulationId],
    );
    return rows;
  }

  async days(tx: Transaction, simulationId: string): Promise<DayCount[]> {
    const { rows } = await tx.query<DayCount>(
      `SELECT to_char(day, 'YYYY-MM-DD') AS day, step, connector_id AS "connectorId", outcome, count::float8 AS count
       FROM journey_simulation_day WHERE workspace_id = $1 AND simulation_id = $2 ORDER BY day`,
      [tx.workspaceId, simulationId],
    );
    return rows;
  }

  /** In the order of time, after one of them. */
  async messages(
    tx: Transaction,
    simulationId: string,
    { step, profile }: { step?: string; profile?: string },
    after: { at: string; n: string } | undefined,
    limit: number,
  ): Promise<KeptMessage[]> {
    const { rows } = await tx.query<KeptMessage>(
      `SELECT ${MESSAGE} FROM journey_simulation_message m
       WHERE m.workspace_id = $1 AND m.simulation_id = $2 AND ($3::text IS NULL OR m.step = $3)
         AND ($4::uuid IS NULL OR m.profile_id = $4)
         AND ($5::timestamptz IS NULL OR (m.at, m.n) > ($5, $6::bigint)) ORDER BY m.at, m.n LIMIT $7`,
      [
        tx.workspaceId,
        simulationId,
        step ?? null,
        profile ?? null,
        after?.at ?? null,
        after?.n ?? null,
        limit,
      ],
    );
    return rows;
  }

  /** Who entered last comes first. */
  async instances(
    tx: Transaction,
    simulationId: string,
    { profile, state, step }: { profile?: string; state?: string; step?: string },
    before: { at: string; id: string } | undefined,
    limit: number,
  ): Promise<InstanceRow[]> {
    const { rows } = await tx.query<InstanceRow>(
      `SELECT ${INSTANCE} FROM ${OF_INSTANCES}
         AND ($3::uuid IS NULL OR i.profile_id = $3) AND ($4::text IS NULL OR i.state = $4)
         AND ($5::jsonb IS NULL OR i.tokens @> $5)
         AND ($6::timestamptz IS NULL OR (i.entered_at, i.id) < ($6, $7::uuid))
       ORDER BY i.entered_at DESC, i.id DESC LIMIT $8`,
      [
        tx.workspaceId,
        simulationId,
        profile ?? null,
        state ?? null,
        step === undefined ? null : JSON.stringify([{ step }]),
        before?.at ?? null,
        before?.id ?? null,
        limit,
      ],
    );
    return rows;
  }

  async instance(
    tx: Transaction,
    simulationId: string,
    id: string,
  ): Promise<(KeptSimulatedInstance & { messages: KeptMessage[] }) | undefined> {
    const { rows } = await tx.query<KeptSimulatedInstance & { person: number }>(
      `SELECT ${INSTANCE}, i.person, i.entry, i.context, i.trace FROM ${OF_INSTANCES} AND i.id = $3`,
      [tx.workspaceId, simulationId, id],
    );
    const [row] = rows;
    if (!row) return undefined;
    const { person, ...instance } = row;
    const { rows: messages } = await tx.query<KeptMessage>(
      `SELECT ${MESSAGE} FROM journey_simulation_message m
       WHERE m.workspace_id = $1 AND m.simulation_id = $2 AND m.person = $3 AND m.instance_id = $4 ORDER BY m.visit`,
      [tx.workspaceId, simulationId, person, id],
    );
    return { ...instance, messages };
  }

  /** In the order of persons, of each in time. */
  async refusals(
    tx: Transaction,
    simulationId: string,
    { profile, code }: { profile?: string; code?: string },
    after: { person: number; n: number } | undefined,
    limit: number,
  ): Promise<KeptRefusal[]> {
    const { rows } = await tx.query<KeptRefusal>(
      `SELECT r.person, r.n, p.id AS "profileId", r.at, r.code FROM journey_simulation_refusal r
       LEFT JOIN profile p ON p.workspace_id = r.workspace_id AND p.person = r.person
       WHERE r.workspace_id = $1 AND r.simulation_id = $2 AND ($3::uuid IS NULL OR r.person = (
           SELECT person FROM profile WHERE workspace_id = $1 AND id = $3)) AND ($4::text IS NULL OR r.code = $4)
         AND (r.person, r.n) > ($5::int, $6::int) ORDER BY r.person, r.n LIMIT $7`,
      [tx.workspaceId, simulationId, profile ?? null, code ?? null, after?.person ?? 0, after?.n ?? 0, limit],
    );
    return rows;
  }
}
