import { contentHash, newId } from '@percorso/kernel';
import type { Transaction } from '@percorso/storage';
import type { NewEffect } from './effect';
import { dropExchanges } from './exchange.store';
import { TAKES_BACK } from './effect.store';
import { priorityNumber, priorityOf } from './priority';

const COLUMNS = [
  'workspace_id',
  'id',
  'key',
  'run_id',
  'sync_id',
  'connector_id',
  'person',
  'profile_id',
  'membership_version',
  'revision',
  'mapping_version',
  'operation',
  'payload',
  'content_hash',
  'channel',
  'address',
  'state',
  'reason_code',
  'reason',
  'pointer',
  'due_at',
  'created_at',
  'updated_at',
  'priority',
  'changed_at',
  'watched',
] as const;

/**
 * Records intents with their frozen payloads; one whose key exists is left as it is.
 * @returns how many are new
 */
export function recordEffects(tx: Transaction, effects: NewEffect[], now: Date): Promise<number> {
  return tx.insertRows(
    'effect',
    COLUMNS,
    effects.map((effect) => [
      tx.workspaceId,
      newId(),
      effect.key,
      effect.runId,
      effect.syncId,
      effect.connectorId,
      effect.person,
      effect.profileId,
      effect.membershipVersion ?? '0',
      effect.revision ?? 0,
      effect.mappingVersion,
      effect.operation,
      effect.payload,
      effect.payload && contentHash(effect.payload),
      effect.channel,
      effect.address,
      effect.dropped ? 'dropped' : 'pending',
      effect.dropped?.code,
      effect.dropped?.reason,
      effect.dropped?.pointer,
      now,
      now,
      now,
      priorityNumber(priorityOf(effect.operation, effect.priority)),
      effect.changedAt,
      effect.watched ?? false,
    ]),
    'ON CONFLICT (workspace_id, key) DO NOTHING',
  );
}

export type ReopenedEffect = Pick<NewEffect, 'operation' | 'payload' | 'channel' | 'address' | 'dropped'> & {
  id: string;
  /** When it may go at the earliest. @default at once */
  dueAt?: Date;
  mappingVersion?: number;
};

/**
 * Gives effects that ended badly a new payload, or a new reason for being dropped, and lets them run again; what did not
 * end badly, or no longer, is left alone.
 * @returns ids of those that were opened, and whether they are on their way
 */
export async function reopenEffects(
  tx: Transaction,
  replayId: string,
  effects: readonly ReopenedEffect[],
  now: Date,
): Promise<{ id: string; pending: boolean }[]> {
  const { rows } = await tx.query<{ id: string; pending: boolean }>(
    `UPDATE effect e SET operation = v.operation, payload = v.payload::jsonb, content_hash = v.hash, channel = v.channel,
       address = v.address, state = CASE WHEN v.code IS NULL THEN 'pending' ELSE 'dropped' END, reason_code = v.code,
       reason = v.reason, pointer = v.pointer, due_at = coalesce(v.due_at, $11), updated_at = $11,
       mapping_version = coalesce(v.mapping_version, e.mapping_version), replay_id = $14, reopened_at = $11,
       priority = CASE WHEN v.operation = 'remove' THEN 1 WHEN e.priority = 1 THEN 2 ELSE e.priority END
     FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
       $12::timestamptz[], $13::int[])
       AS v (id, operation, payload, hash, channel, address, code, reason, pointer, due_at, mapping_version)
     WHERE e.workspace_id = $1 AND e.id = v.id AND e.state IN ('rejected', 'dropped')
     RETURNING e.id, e.state = 'pending' AS pending`,
    [
      tx.workspaceId,
      effects.map((one) => one.id),
      effects.map((one) => one.operation),
      effects.map((one) => (one.payload ? JSON.stringify(one.payload) : null)),
      effects.map((one) => (one.payload ? contentHash(one.payload) : null)),
      effects.map((one) => one.channel ?? null),
      effects.map((one) => one.address ?? null),
      effects.map((one) => one.dropped?.code ?? null),
      effects.map((one) => one.dropped?.reason ?? null),
      effects.map((one) => one.dropped?.pointer ?? null),
      now,
      effects.map((one) => one.dueAt ?? null),
      effects.map((one) => one.mappingVersion ?? null),
      replayId,
    ],
  );
  await dropExchanges(
    tx,
    rows.map(({ id }) => id),
  );
  return rows;
}

/** Let go of what has not been sent of these, by their keys: nobody waits for it any more. What may have arrived stays. */
export async function dropUnsent(
  tx: Transaction,
  keys: readonly string[],
  { code, reason }: { code: string; reason: string },
  now: Date,
): Promise<void> {
  if (keys.length === 0) return;
  await tx.query(
    `UPDATE effect SET state = 'dropped', reason_code = $3, reason = $4, pointer = NULL, updated_at = $5
     WHERE workspace_id = $1 AND id = ANY(ARRAY(SELECT id FROM effect
       WHERE workspace_id = $1 AND key = ANY($2::text[]) AND state = 'pending' AND doubtful_since IS NULL
       ORDER BY id FOR UPDATE)) AND state = 'pending'`,
    [tx.workspaceId, keys, code, reason, now],
  );
}

/** What a run planned, but for what was opened again after `cancelledAt`; or what a replay opened. */
export type Pending = { runId: string; cancelledAt?: Date } | { replayId: string };

/**
 * Let go of what has not been sent, but for removals of what is there. What may have arrived stays unknown: dropped would
 * not be the truth.
 * @param limit of effects at once; all without one
 * @returns of how many
 */
export async function dropPending(
  tx: Transaction,
  of: Pending,
  { code, reason }: { code: string; reason: string },
  now: Date,
  limit: number | null = null,
): Promise<number> {
  const [id, which, cancelledAt] =
    'runId' in of ? [of.runId, 'run_id', of.cancelledAt] : [of.replayId, 'replay_id', undefined];
  const { rowCount } = await tx.query(
    `UPDATE effect e SET state = CASE WHEN doubtful_since IS NULL THEN 'dropped' ELSE 'unknown' END,
       due_at = CASE WHEN doubtful_since IS NULL THEN due_at ELSE 'infinity' END,
       reason_code = $3, reason = $4, pointer = NULL, updated_at = $5
     WHERE workspace_id = $1 AND id = ANY(ARRAY(SELECT e.id FROM effect e
       WHERE e.workspace_id = $1 AND e.${which} = $2 AND e.state = 'pending' AND NOT ${TAKES_BACK}
         AND ($7::timestamptz IS NULL OR e.reopened_at IS NULL OR e.reopened_at <= $7) LIMIT $6 FOR UPDATE))
       AND state = 'pending'`,
    [tx.workspaceId, id, code, reason, now, limit, cancelledAt ?? null],
  );
  return rowCount ?? 0;
}
