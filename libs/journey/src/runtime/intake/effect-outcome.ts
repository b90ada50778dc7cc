import { type EffectState, RESPONSE_TOO_LARGE } from '@percorso/delivery';
import type { VisitOutcome } from '../../engine/protocol';

/** What a step is told of an effect that ended so. */
export function outcomeOf(
  state: Exclude<EffectState, 'pending' | 'sending'>,
  code: string | null,
  response: unknown,
): VisitOutcome {
  if (state !== 'accepted')
    return { status: state === 'superseded' ? 'dropped' : state, code: code ?? state };
  const lost = code === RESPONSE_TOO_LARGE;
  return { status: 'accepted', ...(response !== null && { response }), ...(lost && { problem: code }) };
}
