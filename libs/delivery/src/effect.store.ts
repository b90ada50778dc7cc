import type { Operation } from '@percorso/plugin-kit';
import { isDead, type Transaction } from '@percorso/storage';
import type { ClaimedEffect } from './effect';
import { firstDue, sourceOf, sourcesAt } from './lane-sources';
import type { Outcome } from './outcome';
import { priorityNumber } from './priority';

/** A due effect, locked until the transaction ends. */
export interface Candidate extends ClaimedEffect {
  /** Where its row stands as long as it is locked. */
  place: string;
  operation: Operation;
  /** A newer version of the same membership exists. */
  stale: boolean;
}

/**
 * A newer version of the membership, or a newer word on this version, was recorded. One of which nothing is told takes no
 * other's place: somebody who came and went again while a removal waited must still be removed.
 */
export const STALE = `EXISTS (SELECT 1 FROM effect n WHERE n.workspace_id = e.workspace_id AND n.sync_id = e.sync_id
  AND n.person = e.person AND n.membership_version >= e.membership_version
  AND (n.membership_version, n.revision) > (e.membership_version, e.revision) AND n.state <> 'dropped')`;

/** A removal of what the target was told, or may have been: it tells nothing new. */
export const TAKES_BACK = `(e.operation = 'remove' AND EXISTS (SELECT 1 FROM effect t
  WHERE t.workspace_id = e.workspace_id AND t.sync_id = e.sync_id AND t.person = e.person AND t.operation <> 'remove'
    AND (t.state IN ('accepted', 'unknown') OR t.doubtful_since IS NOT NULL)))`;

/**
 * For this transaction, effects are found through their indexes alone. A table that just grew has no statistics, and
 * PostgreSQL then reads a whole workspace to find one batch.
 */
export function readByIndex(tx: Transaction): Promise<unknown> {
  return tx.query(
    `SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true), set_config('enable_seqscan', 'off', true),
       set_config('plan_cache_mode', 'force_generic_plan', true)`,
  );
}

/** Syncs of a connector whose effects wait. */
export interface HeldSyncs {
  paused: string[];
  /** They break a usage policy, or were not held against the newest: only what takes data back leaves. */
  barred: string[];
}

export async function heldSyncs(tx: Transaction, connectorId: string): Promise<HeldSyncs> {
  const { rows } = await tx.query<{ id: string; paused: boolean }>(
    `SELECT s.id, s.state = 'paused' AS paused FROM sync s WHERE s.workspace_id = $1 AND s.connector_id = $2
       AND (s.state = 'paused' OR s.usage_violations IS NOT NULL
         OR s.usage_version <> (SELECT usage_version FROM workspace WHERE id = $1))`,
    [tx.workspaceId, connectorId],
  );
  const idsOf = (paused: boolean): string[] =>
    rows.filter((row) => row.paused === paused).map(({ id }) => id);
  return { paused: idsOf(true), barred: idsOf(false) };
}

/*
 * Scalar subqueries, not anti-joins: on a table that just grew, PostgreSQL's estimate of one open effect makes it scan
 * all of them for each row of an anti-join.
 */

/**
 * Due effects of one connector, locked: of the first of `lanes` that has any, then of the next; in a lane, of the sync whose
 * first is the oldest, oldest first, then of the next. A person with an effect in flight waits, and so does a version whose
 * predecessor is still being resolved. What paused syncs have waiting is not looked at.
 */
export async function lockDue(
  tx: Transaction,
  connectorId: string,
  { now, limit, lanes, held }: { now: Date; limit: number; lanes: readonly number[]; held: HeldSyncs },
): Promise<{ due: Candidate[]; found: number }> {
  const { rows } = await tx.query<Candidate>(
    `${sourcesAt('$2')}
     SELECT due.* FROM unnest($5::smallint[]) AS lane (priority) CROSS JOIN LATERAL (
       SELECT source.sync_id, source.sync_id = ANY($7::uuid[]) AS barred
       FROM source CROSS JOIN LATERAL (${firstDue('$2', 'source.sync_id', 'lane.priority')}) first
       WHERE source.sync_id <> ALL($6::uuid[]) AND first.due_at <= $3
         AND (lane.priority = ${priorityNumber('removal')} OR source.sync_id <> ALL($7::uuid[]))
       ORDER BY first.due_at
     ) source CROSS JOIN LATERAL (
       SELECT e.ctid AS place, e.id, e.key, e.person, e.operation, e.payload, e.channel, e.address, e.attempt,
         e.doubtful_since AS "doubtfulSince", coalesce(e.changed_at, e.created_at) AS "changedAt", other.stale
       FROM effect e CROSS JOIN LATERAL (
         SELECT coalesce(bool_or((o.membership_version, o.revision) > (e.membership_version, e.revision)
             AND o.state <> 'dropped'), false) AS stale,
           coalesce(bool_or((o.membership_version, o.revision) < (e.membership_version, e.revision)
             AND o.state = 'unknown' AND o.due_at < 'infinity'), false) AS unresolved
         FROM effect o WHERE o.workspace_id = e.workspace_id AND o.person = e.person AND o.sync_id = e.sync_id
       ) other
       WHERE e.workspace_id = $1 AND e.connector_id = $2 AND e.state = 'pending' AND ${sourceOf('e')} = source.sync_id
         AND e.priority = lane.priority AND e.due_at <= $3 AND NOT other.unresolved AND (NOT source.barred OR ${TAKES_BACK})
         AND (SELECT 1 FROM effect o WHERE o.workspace_id = e.workspace_id AND o.connector_id = e.connector_id
           AND o.person = e.person AND o.state = 'sending' LIMIT 1) IS NULL
       ORDER BY e.due_at, e.id LIMIT $4 FOR UPDATE OF e SKIP LOCKED
     ) due LIMIT $4`,
    [tx.workspaceId, connectorId, now, limit, lanes, held.paused, held.barred],
  );
  const persons = new Set<number>();
  const due = rows.filter((row) => !persons.has(row.person) && persons.add(row.person));
  // Whoever was found twice is not done with this.
  return { due, found: due.length < rows.length ? limit : rows.length };
}

/** A number that only the effects of one claim carry. */
export async function nextFence(tx: Transaction): Promise<string> {
  const { rows } = await tx.query<{ fence: string }>(`SELECT nextval('effect_claim') AS fence`);
  return rows[0]!.fence;
}

/** Marks effects, locked by this transaction, as being sent under a claim's number; the lease runs on PostgreSQL's clock. */
export function startSending(
  tx: Transaction,
  effects: readonly Candidate[],
  { fence, now, leaseMs, owner }: { fence: string; now: Date; leaseMs: number; owner?: string },
): Promise<unknown> {
  return tx.query(
    `UPDATE effect SET state = 'sending', fence = $5, attempt = attempt + 1, updated_at = $3,
       lease_until = now() + $4 * interval '1 millisecond', owner = $6
     WHERE workspace_id = $1 AND ctid = ANY($2::tid[])`,
    [tx.workspaceId, effects.map(({ place }) => place), now, leaseMs, fence, owner ?? null],
  );
}

/**
 * Outcomes of effects this claim still holds, each attempt noted with them; what another claim took over is left alone.
 * @returns effects written
 */
export async function settle(
  tx: Transaction,
  { fence, startedAt }: { fence: string; startedAt: Date },
  outcomes: { id: string; outcome: Outcome }[],
  now: Date,
): Promise<number> {
  const { rows } = await tx.query<{ count: number }>(
    `WITH verdict AS (
       SELECT * FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[],
         $10::bool[], $13::bool[], $14::text[])
         AS v (id, state, code, reason, pointer, provider_id, due_at, doubtful, untried, response)
     ), written AS (
       UPDATE effect e SET state = v.state, reason_code = v.code, reason = v.reason, pointer = v.pointer,
         provider_id = coalesce(v.provider_id, e.provider_id), due_at = coalesce(v.due_at, e.due_at),
         doubtful_since = CASE WHEN v.doubtful THEN coalesce(e.doubtful_since, e.updated_at)
           WHEN v.doubtful IS FALSE THEN NULL ELSE e.doubtful_since END,
         lease_until = NULL, updated_at = $11, attempt = e.attempt - v.untried::int,
         response = CASE WHEN e.watched THEN v.response::jsonb END
       FROM verdict v
       WHERE e.workspace_id = $1 AND e.id = v.id AND e.fence = $2 AND e.state = 'sending'
       RETURNING e.id, e.attempt, v.state, v.code, v.untried
     ), noted AS (
       INSERT INTO effect_attempt (workspace_id, effect_id, attempt, started_at, ended_at, outcome, code)
       SELECT $1, id, attempt, $12, $11, CASE state WHEN 'pending' THEN 'retry' ELSE state END, code
       FROM written WHERE NOT untried
     ) SELECT count(*)::int AS count FROM written`,
    [
      tx.workspaceId,
      fence,
      ...columnsOf(outcomes),
      now,
      startedAt,
      outcomes.map(({ outcome }) => outcome.untried === true),
      outcomes.map(({ outcome: { response } }) => (response === undefined ? null : jsonText(response))),
    ],
  );
  return rows[0]?.count ?? 0;
}

/** Outcomes decided without a call, for effects locked by this transaction. */
export async function decide(
  tx: Transaction,
  outcomes: { id: string; outcome: Outcome }[],
  now: Date,
): Promise<void> {
  if (outcomes.length === 0) return;
  await tx.query(
    `UPDATE effect e SET state = v.state, reason_code = v.code, reason = v.reason, pointer = v.pointer,
       provider_id = coalesce(v.provider_id, e.provider_id), due_at = coalesce(v.due_at, e.due_at),
       doubtful_since = CASE WHEN v.doubtful IS FALSE THEN NULL ELSE e.doubtful_since END, updated_at = $10
     FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::bool[])
       AS v (id, state, code, reason, pointer, provider_id, due_at, doubtful)
     WHERE e.workspace_id = $1 AND e.id = v.id`,
    [tx.workspaceId, ...columnsOf(outcomes), now],
  );
}

function columnsOf(outcomes: { id: string; outcome: Outcome }[]): unknown[][] {
  const dueAt = ({ dueAt }: Outcome): string | null =>
    dueAt === 'never' ? 'infinity' : (dueAt?.toISOString() ?? null);
  return [
    outcomes.map((one) => one.id),
    outcomes.map((one) => one.outcome.state),
    outcomes.map((one) => one.outcome.reason?.code ?? null),
    outcomes.map((one) => clean(one.outcome.reason?.reason)),
    outcomes.map((one) => clean(one.outcome.reason?.pointer)),
    outcomes.map((one) => clean(one.outcome.providerId)),
    outcomes.map((one) => dueAt(one.outcome)),
    outcomes.map((one) => (one.outcome.doubt === undefined ? null : one.outcome.doubt === 'set')),
  ];
}

// Providers' words reach a text column: PostgreSQL refuses NUL, and nobody reads past a page.
const clean = (text: string | undefined): string | null =>
  text === undefined ? null : text.replaceAll('\u0000', '').slice(0, 2000);

// The same holds for what it answers, in JSON: an escape that is itself escaped is none.
const jsonText = (value: unknown): string =>
  JSON.stringify(value).replace(/(?<!\\)((?:\\\\)*)\\u0000/g, '$1');

/** Effects whose worker fell silent past its lease: nobody knows whether they arrived. */
export async function expireLeases(tx: Transaction, connectorId: string, now: Date): Promise<number> {
  const { rowCount } = await tx.query(
    `WITH lost AS (
       SELECT id, updated_at AS started_at FROM effect
       WHERE workspace_id = $1 AND connector_id = $2 AND state = 'sending' AND lease_until < now()
       FOR UPDATE SKIP LOCKED
     ), written AS (
       UPDATE effect e SET state = 'unknown', reason_code = 'worker-lost', reason = NULL, due_at = $3, lease_until = NULL,
         fence = nextval('effect_claim'), doubtful_since = coalesce(e.doubtful_since, e.updated_at), updated_at = $3
       FROM lost WHERE e.workspace_id = $1 AND e.id = lost.id RETURNING e.id, e.attempt, lost.started_at
     )
     INSERT INTO effect_attempt (workspace_id, effect_id, attempt, started_at, ended_at, outcome, code)
     SELECT $1, id, attempt, started_at, $3, 'unknown', 'worker-lost' FROM written`,
    [tx.workspaceId, connectorId, now],
  );
  return rowCount ?? 0;
}

export interface DueUnknown extends Candidate {
  doubtfulSince: Date;
  fence: string;
  /** The provider was asked since the doubt began, and did not know. */
  asked: boolean;
}

/** Unknown effects whose time to be resolved has come, locked. */
export async function lockUnknown(
  tx: Transaction,
  connectorId: string,
  now: Date,
  limit: number,
): Promise<DueUnknown[]> {
  const { rows } = await tx.query<DueUnknown>(
    `SELECT e.ctid AS place, e.id, e.key, e.person, e.operation, e.payload, e.channel, e.address, e.attempt, e.fence,
            coalesce(e.changed_at, e.created_at) AS "changedAt", coalesce(e.doubtful_since, e.updated_at) AS "doubtfulSince", ${STALE} AS stale,
            coalesce(e.reason_code = 'unresolved', false) AS asked
     FROM effect e WHERE e.workspace_id = $1 AND e.connector_id = $2 AND e.state = 'unknown' AND e.due_at <= $3
     ORDER BY e.due_at LIMIT $4 FOR UPDATE OF e SKIP LOCKED`,
    [tx.workspaceId, connectorId, now, limit],
  );
  return rows;
}

/** Effects that are out. Those of a process that died wait for their lease to end, and hold up nobody else's meanwhile. */
export const IS_OUT = `(e.state = 'sending' AND NOT ${isDead('e.owner')})`;

/** Calls of this connector that are out. */
export async function callsOut(tx: Transaction, connectorId: string): Promise<number> {
  const { rows } = await tx.query<{ calls: number }>(
    `SELECT count(DISTINCT e.fence)::int AS calls FROM effect e
     WHERE e.workspace_id = $1 AND e.connector_id = $2 AND ${IS_OUT}`,
    [tx.workspaceId, connectorId],
  );
  return rows[0]?.calls ?? 0;
}

/** The persons of `persons` that still have a profile. */
export async function livingPersons(tx: Transaction, persons: number[]): Promise<Set<number>> {
  const { rows } = await tx.query<{ person: number }>(
    `SELECT person FROM profile WHERE workspace_id = $1 AND person = ANY($2::int[]) AND state = 'active'`,
    [tx.workspaceId, persons],
  );
  return new Set(rows.map((row) => row.person));
}
