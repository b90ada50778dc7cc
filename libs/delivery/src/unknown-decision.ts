import type { Operation } from '@percorso/plugin-kit';
import type { DeliveryOptions } from './delivery-options';
import { hasTriesLeft, mayRepeat } from './outcome';
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
  // The newer version overwrites whatever became of this one. A message cannot be overwritten.
  if (effect.stale && effect.operation !== 'send') return 'supersede';
  // Asking first spares a target even the harmless repeat.
  if (lane.lookup && capability.idempotency !== 'native-key' && !effect.asked) return 'ask';
  if (mayRepeat(capability, effect.doubtfulSince, now)) {
    return hasTriesLeft(effect.attempt, options) ? 'resend' : 'keep';
  }
  if (!lane.lookup) return 'keep';
  return now.getTime() - effect.doubtfulSince.getTime() < options.lookupWindowMs ? 'ask' : 'keep';
}

/** When to ask again: as long again as the doubt has lasted, between 5 s and 1 h. */
export function nextQuestion(doubtfulSince: Date, now: Date): Date {
  const lasted = now.getTime() - doubtfulSince.getTime();
  return new Date(now.getTime() + Math.min(3_600_000, Math.max(5_000, lasted)));
}
