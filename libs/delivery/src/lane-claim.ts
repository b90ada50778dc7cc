import type { Operation } from '@percorso/plugin-kit';
import type { Transaction } from '@percorso/storage';
import type { ConsentSource } from './consent-source';
import type { DeliveryOptions } from './delivery-options';
import type { ClaimedEffect } from './effect';
import { type Candidate, decide, lockDue, nextFence, readByIndex, startSending } from './effect.store';
import { rateOf } from './flow';
import { connectorPlace, hostPlace, saveFlow, takeTokens } from './flow.store';
import { type Entry, enterLane } from './lane-entry';
import { mayRepeat, type Outcome } from './outcome';
import { findForbidden } from './permission';
import { lanesInTurn } from './priority';
import type { Lane, LaneCapability } from './provider-gateway';
import { keptForSurvivors } from './survivor';
import type { UnknownPolicy } from './unknown-decision';

/** What a lane has for a worker: effects to send, something decided without a call, or nothing now. */
export type Claim =
  | {
      kind: 'send';
      fence: string;
      startedAt: Date;
      operation: Operation;
      effects: ClaimedEffect[];
      /** More may be waiting. */
      left: boolean;
      /** Another claim may be out beside this one. */
      room: boolean;
      /** Calls this claim may have out at once, and items it may hand over in a second. */
      calls: number;
      perSecond: number;
      /** How many claims of the connector are out, this one included. */
      claimsOut: number;
      whenUnknown: UnknownPolicy;
    }
  | { kind: 'decided' }
  /** `waitMs`: when the pace allows more; without it, whatever changes wakes the lane. */
  | { kind: 'idle'; waitMs?: number };

export interface ClaimTurn {
  /** The process that claims, where it is known. */
  owner?: string;
  /** Counts the turns of this connector. */
  turn: number;
  /** Calls each of a claim's slots may make one after the other. */
  depth: number;
}

export const FIRST_TURN: ClaimTurn = { turn: 0, depth: 1 };

/** What may leave at once, of what the rate allows in a second. */
const BURST_SECONDS = 0.25;
const MOST_ROWS = 500;

/**
 * Takes the next batch of a connector. Claims of one connector wait for each other on its flow, so that pace, the number
 * of calls out and the one-in-flight rule hold across workers.
 */
export async function claimBatch(
  tx: Transaction,
  connectorId: string,
  lane: Lane,
  now: Date,
  consentSource: ConsentSource,
  options: DeliveryOptions,
  { turn, depth, owner }: ClaimTurn,
): Promise<Claim> {
  const [entry] = await Promise.all([enterLane(tx, connectorId, lane.host, now, options), readByIndex(tx)]);
  if (!entry.open) return { kind: 'idle', waitMs: entry.waitMs };
  const allowanceOf = (capability: LaneCapability | undefined): number =>
    capability ? allowance(capability, entry, now, depth) : 1;
  const limit = Math.max(...Object.values(lane.capabilities).map(allowanceOf), 1);
  const wanted = { now, limit, lanes: lanesInTurn(turn), held: entry.held };
  const [{ due, found }, fence] = await Promise.all([lockDue(tx, connectorId, wanted), nextFence(tx)]);
  const operation = due[0]?.operation;
  if (!operation) return { kind: 'idle' };
  const capability = lane.capabilities[operation];
  const same = due.filter((one) => one.operation === operation).slice(0, allowanceOf(capability));
  const decided = decideWithoutCall(same, capability, now);
  const open = same.filter((one) => !decided.has(one.id));
  for (const [id, reason] of await findForbidden(tx, lane, open, consentSource)) {
    decided.set(
      id,
      withoutCall(
        open.find((one) => one.id === id)!,
        'suppressed',
        reason,
      ),
    );
  }
  for (const [id, reason] of await keptForSurvivors(tx, connectorId, lane, open)) {
    decided.set(id, { state: 'superseded', reason });
  }
  const verdicts = [...decided].map(([id, outcome]) => ({ id, outcome }));
  const effects = open.filter((one) => !decided.has(one.id));
  if (effects.length === 0 || !capability) {
    await decide(tx, verdicts, now);
    return { kind: 'decided' };
  }
  const left = found >= limit || same.length < due.length;
  const perSecond = rateOf(entry.flow, capability.perSecond, now);
  const leaseMs = options.deadlineMs + options.graceMs;
  await Promise.all([
    decide(tx, verdicts, now),
    startSending(tx, effects, { fence, now, leaseMs, owner }),
    ...spend(tx, connectorId, lane.host, entry, effects.length, perSecond, now, leaseMs),
  ]);
  return {
    kind: 'send',
    fence,
    startedAt: now,
    operation,
    effects: effects.map((one) => ({ ...one, attempt: one.attempt + 1 })),
    left,
    room: entry.claimsOut + 1 < entry.share.claims,
    calls: entry.share.calls,
    perSecond,
    claimsOut: entry.claimsOut + 1,
    whenUnknown: entry.flow.whenUnknown,
  };
}

/** What one claim may take: as many batches as its calls can carry, and no more than the pace lets through at once. */
function allowance(
  capability: LaneCapability,
  entry: Entry & { open: true },
  now: Date,
  depth: number,
): number {
  if (entry.probe) return 1;
  const { batch } = capability;
  // Where a second send cannot be told from the first, no more is claimed than is really out.
  const rounds =
    capability.idempotency === 'none' ? 1 : Math.max(1, Math.min(depth, Math.floor(MOST_ROWS / batch)));
  const paced = Math.max(batch, Math.floor(rateOf(entry.flow, capability.perSecond, now) * BURST_SECONDS));
  return Math.min(entry.share.calls * batch * rounds, paced);
}

function spend(
  tx: Transaction,
  connectorId: string,
  host: string | undefined,
  entry: Entry & { open: true },
  rows: number,
  perSecond: number,
  now: Date,
  leaseMs: number,
): Promise<unknown>[] {
  const done = [takeTokens(tx, connectorPlace(connectorId), rows, perSecond, host)];
  const { flow, hostFlow, probe } = entry;
  const probing = { breaker: 'half-open', probeAt: new Date(now.getTime() + leaseMs) } as const;
  if (probe && flow.breaker !== 'closed') {
    done.push(saveFlow(tx, connectorPlace(connectorId), { ...flow, ...probing }));
  }
  if (host !== undefined && hostFlow) {
    if (hostFlow.perSecond !== null) done.push(takeTokens(tx, hostPlace(host), rows, hostFlow.perSecond));
    if (probe && hostFlow.breaker !== 'closed')
      done.push(saveFlow(tx, hostPlace(host), { ...hostFlow, ...probing }));
  }
  return done;
}

function decideWithoutCall(
  candidates: readonly Candidate[],
  capability: LaneCapability | undefined,
  now: Date,
): Map<string, Outcome> {
  const decided = new Map<string, Outcome>();
  for (const one of candidates) {
    if (one.stale) decided.set(one.id, withoutCall(one, 'superseded', { code: 'newer-version' }));
    else if (!capability) {
      decided.set(one.id, withoutCall(one, 'rejected', { code: 'operation-unsupported' }));
    } else if (one.doubtfulSince && !mayRepeat(capability, one.doubtfulSince, now)) {
      decided.set(one.id, withoutCall(one, 'unknown', { code: 'key-expired' }));
    }
  }
  return decided;
}

// A message that may have arrived stays unknown: neither 'suppressed' nor 'superseded' would be the truth.
function withoutCall(
  one: Candidate,
  state: 'superseded' | 'suppressed' | 'rejected' | 'unknown',
  reason: Outcome['reason'],
): Outcome {
  const doubtful = one.doubtfulSince !== null && ['send', 'call'].includes(one.operation);
  return doubtful || state === 'unknown' ? { state: 'unknown', reason, dueAt: 'never' } : { state, reason };
}
