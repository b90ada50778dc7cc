export const MESSAGE_EVENTS = [
  'sent',
  'delivered',
  'opened',
  'clicked',
  'bounced',
  'complained',
  'unsubscribed',
] as const;

/** A fact a provider reports about a message; it comes back into Percorso as an event of the profile. */
export interface MessageEvent {
  /** Stable and unique per fact at this provider: reporting it twice changes nothing. */
  id: string;
  type: (typeof MESSAGE_EVENTS)[number];
  channel: string;
  address: string;
  /** ISO 8601, UTC. */
  at: string;
  /** What `accepted(providerId)` named. */
  providerId?: string;
  /** Of a click: where it led. */
  link?: string;
  bounce?: 'hard' | 'soft';
  reason?: string;
  effectKey?: string;
}
