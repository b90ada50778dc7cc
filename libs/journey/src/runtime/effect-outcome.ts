import type { EffectState } from '@percorso/delivery';
import type { VisitOutcome } from '../engine/protocol';

/** What a step is told of an effect that ended so. */
export function outcomeOf(
  state: Exclude<EffectState, 'pending' | 'sending'>,
  code: string | null,
  response: unknown,
): VisitOutcome {
  return state === 'accepted'
    ? { status: 'accepted', ...(response !== null && { response }) }
    : { status: state === 'superseded' ? 'dropped' : state, code: code ?? state };
}
