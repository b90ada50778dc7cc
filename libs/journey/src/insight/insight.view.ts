import { dueOf } from '../engine/advance';
import type { JourneyEvent } from '../engine/instance';
import type { JourneyInstanceView } from './insight.dto';
import type { InstanceRow } from './insight.store';

export const instanceView = ({ tokens, ...row }: InstanceRow): JourneyInstanceView => ({
  id: row.id,
  version: row.version,
  profileId: row.profileId,
  key: row.key,
  state: row.state,
  endReason: row.endReason,
  enteredAt: row.enteredAt,
  endedAt: row.endedAt,
  goalUntil: row.goalUntil,
  goalAt: row.goalAt,
  holdout: row.holdout,
  speed: row.speed,
  waits: tokens.map((token) => {
    const due = dueOf(token);
    return {
      step: token.step,
      visit: token.visit,
      waitsFor: token.wait.kind,
      dueAt: due === null ? null : new Date(due),
    };
  }),
});

/** What an event entered with, without what says something of the person. */
export function withoutProperties({ event }: { event: JourneyEvent }): Record<string, unknown> {
  const { properties: _personal, ...rest } = event;
  return { kind: 'event', event: rest };
}
