/** When an event counts: as it was received, or as if it had come when it occurred. */
export const EVENT_TIMES = ['received', 'occurred'] as const;
export type EventTime = (typeof EVENT_TIMES)[number];

/** As if each had come when it occurred; of those of one moment, in the order in which they are given. */
export const asOccurred = <E extends { occurredAt: Date; receivedAt: Date }>(events: readonly E[]): E[] =>
  events
    .map((event) => ({ ...event, receivedAt: event.occurredAt }))
    .sort((a, b) => a.occurredAt.getTime() - b.occurredAt.getTime());
