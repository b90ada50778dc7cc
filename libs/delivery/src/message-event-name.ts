import type { MessageEvent } from '@percorso/plugin-kit';

const CHANNELS: Record<string, string> = { email: 'Email', sms: 'SMS', push: 'Push Notification' };

/** Channels whose events have names of their own; of any other the channel itself begins the name. */
export const NAMED_CHANNELS: readonly string[] = Object.keys(CHANNELS);

const VERBS: Record<Exclude<MessageEvent['type'], 'unsubscribed'>, string> = {
  sent: 'Sent',
  delivered: 'Delivered',
  opened: 'Opened',
  clicked: 'Link Clicked',
  bounced: 'Bounced',
  complained: 'Marked as Spam',
};

/** The name under which a provider's fact enters the profile, in the words of Segment's e-mail events. */
export function messageEventName({ type, channel }: Pick<MessageEvent, 'type' | 'channel'>): string {
  return type === 'unsubscribed' ? 'Unsubscribed' : `${CHANNELS[channel] ?? channel} ${VERBS[type]}`;
}
