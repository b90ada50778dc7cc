import { JourneyPlan, type PlannedVersion } from '../../runtime/plan/journey-plan';
import type { Simulation } from '../simulation';

/** The version alone, live since the simulation begins. Its caps are those of the room that each person finds. */
export function planOf(
  { journeyId, name, version: number, definition, from }: Simulation,
  channels: readonly string[],
  zone: string,
): { plan: JourneyPlan; version: PlannedVersion } {
  const version: PlannedVersion = {
    ...{ journeyId, version: number, publishedAt: new Date(from) },
    definition: { ...definition, caps: {} },
  };
  const journey = { id: journeyId, name, state: 'live' as const, live: version, pausedMs: 0 };
  const plan = new JourneyPlan(
    new Map([[journeyId, journey]]),
    new Map([[`${journeyId} ${number}`, version]]),
    channels,
    zone,
  );
  return { plan, version };
}
