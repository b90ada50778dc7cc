import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import type { EntryFacts, Token } from '../engine/instance';
import { visitKey } from '../engine/visit-key';
import type { CountRow } from './report';

export interface JourneyHead {
  id: string;
  name: string;
  state: string;
  liveVersion: number | null;
}

export interface InstanceRow {
  id: string;
  version: number;
  profileId: string;
  key: string | null;
  state: 'active' | 'ended';
  endReason: string | null;
  enteredAt: Date;
  endedAt: Date | null;
  goalUntil: Date | null;
  goalAt: Date | null;
  holdout: boolean;
  speed: number;
  tokens: Token[];
}

export interface WholeInstance extends InstanceRow {
  entry: EntryFacts;
  context: Record<string, unknown>;
  visits: number;
}

export interface TraceRow {
  at: Date;
  visit: number;
  step: string;
  what: string;
  next: string | null;
  detail: Record<string, unknown> | null;
}

export interface MessageRow {
  id: string;
  key: string;
  connectorId: string;
  operation: string;
  state: string;
  reasonCode: string | null;
  createdAt: Date;
  updatedAt: Date;
}

export interface RecentEvent {
  messageId: string;
  name: string;
  occurredAt: Date;
  receivedAt: Date;
  properties: Record<string, unknown>;
}

export interface InstanceFilter {
  profileId?: string;
  state?: 'active' | 'ended';
  /** Somewhere waits at this step. */
  step?: string;
}

const INSTANCE = `i.id, i.version, i.profile_id AS "profileId", i.key, i.state, i.end_reason AS "endReason",
  i.entered_at AS "enteredAt", i.ended_at AS "endedAt", i.goal_until AS "goalUntil", i.goal_at AS "goalAt", i.holdout,
  i.speed, i.tokens`;

/** Instances are found by the person, of whom there is an index. @param id parameter: of the profile */
const PERSON = (id: string): string =>
  `(SELECT person FROM profile WHERE workspace_id = $1 AND id = ${id}::uuid AND state = 'active')`;

/** Visits of which messages are shown; nobody reads more. */
const MOST_VISITS = 10_000;

/** Reads what the runtime keeps of journeys, for those who want to know. */
@Injectable()
export class InsightStore {
  async journey(tx: Transaction, id: string): Promise<JourneyHead | undefined> {
    const { rows } = await tx.query<JourneyHead>(
      `SELECT id, name, state, live_version AS "liveVersion" FROM journey
       WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL`,
      [tx.workspaceId, id],
    );
    return rows[0];
  }

  async definition(tx: Transaction, journeyId: string, version: number): Promise<object | undefined> {
    const { rows } = await tx.query<{ definition: object }>(
      'SELECT definition FROM journey_version WHERE workspace_id = $1 AND journey_id = $2 AND version = $3',
      [tx.workspaceId, journeyId, version],
    );
    return rows[0]?.definition;
  }

  async publishedAt(tx: Transaction, journeyId: string, version: number): Promise<Date> {
    const { rows } = await tx.query<{ at: Date }>(
      `SELECT coalesce(published_at, created_at) AS at FROM journey_version
       WHERE workspace_id = $1 AND journey_id = $2 AND version = $3`,
      [tx.workspaceId, journeyId, version],
    );
    return rows[0]!.at;
  }

  /** Of one version, or of all of them. */
  async counts(tx: Transaction, journeyId: string, version?: number): Promise<CountRow[]> {
    const { rows } = await tx.query<CountRow>(
      `SELECT step, what, sum(count)::float8 AS count FROM journey_count
       WHERE workspace_id = $1 AND journey_id = $2 AND ($3::int IS NULL OR version = $3) GROUP BY step, what`,
      [tx.workspaceId, journeyId, version ?? null],
    );
    return rows;
  }

  /** Who entered last comes first; `before` is an id. */
  async instances(
    tx: Transaction,
    journeyId: string,
    { profileId, state, step }: InstanceFilter,
    before: string | undefined,
    limit: number,
  ): Promise<InstanceRow[]> {
    const { rows } = await tx.query<InstanceRow>(
      `SELECT ${INSTANCE} FROM journey_instance i
       WHERE i.workspace_id = $1 AND i.journey_id = $2 AND ($3::uuid IS NULL OR i.id < $3)
         AND ($4::text IS NULL OR i.state = $4) AND ($5::jsonb IS NULL OR i.tokens @> $5)
         ${profileId === undefined ? '' : `AND i.person = ${PERSON('$7')}`} ORDER BY i.id DESC LIMIT $6`,
      [
        tx.workspaceId,
        journeyId,
        before ?? null,
        step === undefined ? (state ?? null) : 'active',
        step === undefined ? null : JSON.stringify([{ step }]),
        limit,
        ...(profileId === undefined ? [] : [profileId]),
      ],
    );
    return rows;
  }

  async instance(tx: Transaction, journeyId: string, id: string): Promise<WholeInstance | undefined> {
    const { rows } = await tx.query<WholeInstance>(
      `SELECT ${INSTANCE}, i.entry, i.context, i.visits FROM journey_instance i
       WHERE i.workspace_id = $1 AND i.journey_id = $2 AND i.id = $3`,
      [tx.workspaceId, journeyId, id],
    );
    return rows[0];
  }

  async trace(tx: Transaction, instanceId: string): Promise<TraceRow[]> {
    const { rows } = await tx.query<TraceRow>(
      `SELECT at, visit, step, what, next, detail FROM journey_trace
       WHERE workspace_id = $1 AND instance_id = $2 ORDER BY n`,
      [tx.workspaceId, instanceId],
    );
    return rows;
  }

  /** What its visits sent and called. */
  async messages(tx: Transaction, id: string, visits: number): Promise<MessageRow[]> {
    const count = Math.min(visits, MOST_VISITS);
    const keys = Array.from({ length: count }, (_, index) => visitKey({ id }, index + 1));
    const { rows } = await tx.query<MessageRow>(
      `SELECT id, key, connector_id AS "connectorId", operation, state, reason_code AS "reasonCode",
         created_at AS "createdAt", updated_at AS "updatedAt"
       FROM effect WHERE workspace_id = $1 AND key = ANY($2::text[]) ORDER BY created_at, id`,
      [tx.workspaceId, keys],
    );
    return rows;
  }

  /** Why the person, or one that became part of it, did not enter, the last time first. */
  async refusals(
    tx: Transaction,
    journeyId: string,
    person: number,
    limit: number,
  ): Promise<{ at: Date; version: number; code: string }[]> {
    const { rows } = await tx.query<{ at: Date; version: number; code: string }>(
      `SELECT at, version, code FROM journey_refusal
       WHERE workspace_id = $1 AND journey_id = $2
         AND person IN (SELECT node FROM identity_node WHERE workspace_id = $1 AND person = $3)
       ORDER BY n DESC LIMIT $4`,
      [tx.workspaceId, journeyId, person, limit],
    );
    return rows;
  }

  async person(tx: Transaction, profileId: string): Promise<number | undefined> {
    const { rows } = await tx.query<{ person: number | null }>(`SELECT ${PERSON('$2')} AS person`, [
      tx.workspaceId,
      profileId,
    ]);
    return rows[0]!.person ?? undefined;
  }

  /** The last events of the person that came since then, of each name `limit` at most, the last first. */
  async events(
    tx: Transaction,
    person: number,
    names: readonly string[],
    since: Date,
    limit: number,
  ): Promise<RecentEvent[]> {
    const { rows } = await tx.query<RecentEvent>(
      `SELECT e.* FROM unnest($3::text[]) AS wanted (name) CROSS JOIN LATERAL (
         SELECT e.message_id AS "messageId", e.name, e.occurred_at AS "occurredAt", e.received_at AS "receivedAt",
           coalesce(e.properties, '{}') AS properties
         FROM identity_node n JOIN event e ON e.workspace_id = n.workspace_id AND e.node = n.node
         WHERE n.workspace_id = $1 AND n.person = $2 AND e.name = wanted.name AND e.received_at >= $4
         ORDER BY e.pos DESC LIMIT $5) e`,
      [tx.workspaceId, person, [...new Set(names)], since, limit],
    );
    return rows;
  }

  /** Names of the person's recent events, each with when the last came. */
  async eventNames(tx: Transaction, person: number, since: Date): Promise<{ name: string; last: Date }[]> {
    const { rows } = await tx.query<{ name: string; last: Date }>(
      `SELECT e.name, max(e.received_at) AS last FROM identity_node n
       JOIN event e ON e.workspace_id = n.workspace_id AND e.node = n.node
       WHERE n.workspace_id = $1 AND n.person = $2 AND e.received_at >= $3 GROUP BY e.name ORDER BY 2 DESC LIMIT 200`,
      [tx.workspaceId, person, since],
    );
    return rows;
  }
}
