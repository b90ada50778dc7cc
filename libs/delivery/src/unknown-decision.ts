import type { Operation } from '@percorso/plugin-kit';
import type { DeliveryOptions } from './delivery-options';
import { hasTriesLeft, mayRepeat, type Outcome } from './outcome';
import type { Lane } from './provider-gateway';

/** How an effect of unknown outcome goes on. */
export type UnknownDecision = 'supersede' | 'resend' | 'ask' | 'keep';

export interface UnknownEffect {
  operation: Operation;
  attempt: number;
  doubtfulSince: Date;
  /** A newer version of the same membership exists. */
  stale: boolean;
  /** The provider was asked since the doubt began, and did not know. */
  asked: boolean;
}

/** Never a blind second send: repeat where it is harmless, ask where that is possible, otherwise keep it listed. */
export function decideUnknown(
  effect: UnknownEffect,
  lane: Lane,
  now: Date,
  options: DeliveryOptions,
): UnknownDecision {
  const capability = lane.capabilities[effect.operation];
  if (!capability) return 'keep';
  // The newer version overwrites whatever became of this one. Neither message nor call can be overwritten.
  if (effect.stale && !['send', 'call'].includes(effect.operation)) return 'supersede';
  const harmless = mayRepeat(capability, effect.doubtfulSince, now);
  // Asking first spares a target even the harmless repeat; of a removal the answer would spare nothing.
  const worthAsking = capability.idempotency !== 'native-key' && !(effect.operation === 'remove' && harmless);
  if (lane.lookup && worthAsking && !effect.asked) return 'ask';
  if (harmless) {
    return hasTriesLeft(effect.attempt, options) ? 'resend' : 'keep';
  }
  if (!lane.lookup) return 'keep';
  return now.getTime() - effect.doubtfulSince.getTime() < options.lookupWindowMs ? 'ask' : 'keep';
}

/** What an admin wants of effects that stay unknown: listed, taken for accepted, or sent once more at the risk of twice. */
export const UNKNOWN_POLICIES = ['keep', 'assume-accepted', 'send-again'] as const;
export type UnknownPolicy = (typeof UNKNOWN_POLICIES)[number];

/** An outcome that would stay unknown for good, by the connector's policy; every other as it is. */
export function byPolicy(
  outcome: Outcome,
  policy: UnknownPolicy,
  { attempt, now }: { attempt: number; now: Date },
  options: Pick<DeliveryOptions, 'maxAttempts'>,
): Outcome {
  if (outcome.state !== 'unknown' || outcome.dueAt !== 'never' || policy === 'keep') return outcome;
  if (policy === 'assume-accepted') {
    return {
      state: 'accepted',
      reason: { code: 'assumed', reason: 'Its outcome is not known; the policy assumes it.' },
    };
  }
  if (!hasTriesLeft(attempt, options)) return outcome;
  return { state: 'pending', reason: { code: 'sent-again' }, dueAt: now, doubt: 'clear' };
}

/** When to ask again: as long again as the doubt has lasted, between 5 s and 1 h. */
export function nextQuestion(doubtfulSince: Date, now: Date): Date {
  const lasted = now.getTime() - doubtfulSince.getTime();
  return new Date(now.getTime() + Math.min(3_600_000, Math.max(5_000, lasted)));
}
