import type { ProfileDocument } from '@percorso/profile';
import type { Instance } from '../../engine/instance';
import type { JourneyPlan } from '../plan/journey-plan';

/** What a journey's expressions see. */
export function inputDocument(
  { id, journeyId, version, key, entry, context }: Instance,
  profile: ProfileDocument | undefined,
  plan: JourneyPlan,
  at: number,
  more: { response?: unknown } = {},
): object {
  const { person: _person, ...visible } = profile ?? {};
  const journey = plan.journeys.get(journeyId);
  return {
    profile: visible,
    ...(entry.kind === 'event' && { event: entry.event }),
    ...(entry.kind === 'audience' && { audience: { id: entry.audienceId, op: entry.op } }),
    ...(entry.kind === 'read' && { audience: { id: entry.audienceId } }),
    context,
    journey: { id: journeyId, ...(journey && { name: journey.name }), version, instance: id, key },
    ...('response' in more && { response: more.response }),
    now: new Date(at).toISOString(),
  };
}
