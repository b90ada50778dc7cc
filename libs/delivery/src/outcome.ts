import { RESPONSE_BYTES, type Verdict } from '@percorso/plugin-kit';
import { backoffMs } from './backoff';
import type { DeliveryOptions } from './delivery-options';
import type { EffectState, Reason } from './effect';
import type { Lane, LaneCapability } from './provider-gateway';

/** What is written about an effect after a call or a decision. */
export interface Outcome {
  state: EffectState;
  reason?: Reason;
  providerId?: string;
  /** When it is looked at again; 'never' for an unknown that stays listed. */
  dueAt?: Date | 'never';
  /** 'set' when the outcome is in doubt, 'clear' when a doubt was settled. */
  doubt?: 'set' | 'clear';
  /** The call ended before its turn came: no try was made. */
  untried?: true;
  /** What a call was answered with. */
  response?: unknown;
}

export interface Situation {
  attempt: number;
  doubtfulSince: Date | null;
  now: Date;
  random: () => number;
}

/** Whether the same item may be sent again although an earlier try may have arrived. */
export function mayRepeat(capability: LaneCapability, doubtfulSince: Date | null, now: Date): boolean {
  if (capability.idempotency === 'upsert') return true;
  if (capability.idempotency !== 'native-key') return false;
  if (capability.ttlSeconds === undefined || doubtfulSince === null) return true;
  return now.getTime() < doubtfulSince.getTime() + capability.ttlSeconds * 1000;
}

/** Whether another try may follow this one. An effect that was opened again after its last try gets as many once more. */
export function hasTriesLeft(
  attempt: number,
  { maxAttempts }: Pick<DeliveryOptions, 'maxAttempts'>,
): boolean {
  return attempt % maxAttempts !== 0;
}

/** The connector's runtime says so of items that never reached the plugin. */
export const NOT_TRIED = 'not-tried';

/** Code of a call that was accepted and whose response was lost. */
export const RESPONSE_TOO_LARGE = 'response-too-large';

const RESPONSE_LOST: Reason = {
  code: RESPONSE_TOO_LARGE,
  reason: `The response has more than ${RESPONSE_BYTES} bytes.`,
};

export function outcomeOf(
  verdict: Verdict,
  lane: Lane,
  capability: LaneCapability,
  situation: Situation,
  options: DeliveryOptions,
): Outcome {
  const { now, attempt, doubtfulSince } = situation;
  const later = (milliseconds: number): Date => new Date(now.getTime() + milliseconds);
  const pause = backoffMs(attempt, options, situation.random);
  switch (verdict.status) {
    case 'accepted': {
      const { providerId, response, responseProblem } = verdict;
      return {
        ...{ state: 'accepted', providerId, response },
        ...(responseProblem && { reason: RESPONSE_LOST }),
      };
    }
    case 'rejected':
      return {
        state: 'rejected',
        reason: { code: verdict.code, reason: verdict.reason, pointer: verdict.pointer },
      };
    case 'retry': {
      if (verdict.code === NOT_TRIED) return { state: 'pending', dueAt: now, untried: true };
      if (hasTriesLeft(attempt, options)) {
        const wait = Math.max(pause, (verdict.afterSeconds ?? 0) * 1000);
        return { state: 'pending', reason: { code: verdict.code }, dueAt: later(wait) };
      }
      const reason = {
        code: 'retries-exhausted',
        reason: `${attempt} tries; the last said ${verdict.code}.`,
      };
      // An earlier try may have arrived, so calling it rejected would be a guess.
      return doubtfulSince ? { state: 'unknown', reason, dueAt: 'never' } : { state: 'rejected', reason };
    }
    case 'unknown': {
      const reason = { code: verdict.code };
      if (!hasTriesLeft(attempt, options)) return { state: 'unknown', reason, dueAt: 'never', doubt: 'set' };
      if (mayRepeat(capability, doubtfulSince, now)) {
        return { state: 'unknown', reason, dueAt: later(pause), doubt: 'set' };
      }
      const canAsk = lane.lookup;
      return {
        state: 'unknown',
        reason,
        dueAt: canAsk ? later(options.lookupDelayMs) : 'never',
        doubt: 'set',
      };
    }
  }
}
