import type { Operation } from '@percorso/plugin-kit';
import type { Transaction } from '@percorso/storage';
import type { ConsentSource } from './consent-source';
import type { DeliveryOptions } from './delivery-options';
import type { ClaimedEffect } from './effect';
import { callsOut, type Candidate, decide, lockDue, startSending } from './effect.store';
import { openForClaim } from './lane-rest.store';
import { mayRepeat, type Outcome } from './outcome';
import { findForbidden } from './permission';
import type { Lane } from './provider-gateway';

/** What a lane has for a worker: effects to send, something decided without a call, or nothing now. */
export type Claim =
  | {
      kind: 'send';
      fence: string;
      startedAt: Date;
      operation: Operation;
      effects: ClaimedEffect[];
      full: boolean;
    }
  | { kind: 'decided' }
  | { kind: 'idle' };

/**
 * Takes the next batch of a connector. Claims of one connector wait for each other on its row, so that the number of
 * calls out and the one-in-flight rule hold across workers.
 */
export async function claimBatch(
  tx: Transaction,
  connectorId: string,
  lane: Lane,
  now: Date,
  consentSource: ConsentSource,
  options: DeliveryOptions,
): Promise<Claim> {
  if (!(await openForClaim(tx, connectorId, now))) return { kind: 'idle' };
  if ((await callsOut(tx, connectorId)) >= options.callsPerLane) return { kind: 'idle' };
  const { send, upsert, remove } = lane.capabilities;
  const limit = Math.max(send?.batch ?? 1, upsert?.batch ?? 1, remove?.batch ?? 1);
  const due = await lockDue(tx, connectorId, now, limit);
  const operation = due[0]?.operation;
  if (!operation) return { kind: 'idle' };
  const capability = lane.capabilities[operation];
  const same = due.filter((one) => one.operation === operation).slice(0, capability?.batch ?? limit);
  const decided = new Map<string, Outcome>();
  for (const one of same) {
    if (one.stale) decided.set(one.id, withoutCall(one, 'superseded', { code: 'newer-version' }));
    else if (!capability) {
      decided.set(one.id, withoutCall(one, 'rejected', { code: 'operation-unsupported' }));
    } else if (one.doubtfulSince && !mayRepeat(capability, one.doubtfulSince, now)) {
      decided.set(one.id, withoutCall(one, 'unknown', { code: 'key-expired' }));
    }
  }
  const open = same.filter((one) => !decided.has(one.id));
  const forbidden = await findForbidden(tx, lane, open, consentSource);
  for (const one of open) {
    const reason = forbidden.get(one.id);
    if (reason) decided.set(one.id, withoutCall(one, 'suppressed', reason));
  }
  await decide(
    tx,
    [...decided].map(([id, outcome]) => ({ id, outcome })),
    now,
  );
  const effects = open.filter((one) => !decided.has(one.id));
  if (effects.length === 0) return { kind: 'decided' };
  const fence = await startSending(
    tx,
    effects.map((one) => one.id),
    now,
    options.deadlineMs + options.graceMs,
  );
  return {
    kind: 'send',
    fence,
    startedAt: now,
    operation,
    effects: effects.map((one) => ({ ...one, attempt: one.attempt + 1 })),
    full: due.length >= limit,
  };
}

// A message that may have arrived stays unknown: neither 'suppressed' nor 'superseded' would be the truth.
function withoutCall(
  one: Candidate,
  state: 'superseded' | 'suppressed' | 'rejected' | 'unknown',
  reason: Outcome['reason'],
): Outcome {
  const doubtful = one.doubtfulSince !== null && one.operation === 'send';
  return doubtful || state === 'unknown' ? { state: 'unknown', reason, dueAt: 'never' } : { state, reason };
}
