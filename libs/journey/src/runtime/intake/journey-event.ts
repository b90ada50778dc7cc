import type { PersonEvent } from '@percorso/profile';
import type { JourneyEvent } from '../../engine/instance';

/** An event as journeys see it. */
export const journeyEvent = ({
  messageId,
  name,
  occurredAt,
  receivedAt,
  properties,
}: PersonEvent): JourneyEvent => ({
  messageId,
  name,
  occurredAt: occurredAt.getTime(),
  receivedAt: receivedAt.getTime(),
  properties: properties ?? {},
});
