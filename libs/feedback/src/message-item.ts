import { createHash } from 'node:crypto';
import type { MessageEvent } from '@percorso/plugin-kit';
import type { About } from './find-persons';

const CHANNELS: Record<string, string> = { email: 'Email', sms: 'SMS', push: 'Push Notification' };

const VERBS: Record<Exclude<MessageEvent['type'], 'unsubscribed'>, string> = {
  sent: 'Sent',
  delivered: 'Delivered',
  opened: 'Opened',
  clicked: 'Link Clicked',
  bounced: 'Bounced',
  complained: 'Marked as Spam',
};

/** The name under which a provider's fact enters the profile, in the words of Segment's e-mail events. */
export function eventName({ type, channel }: Pick<MessageEvent, 'type' | 'channel'>): string {
  return type === 'unsubscribed' ? 'Unsubscribed' : `${CHANNELS[channel] ?? channel} ${VERBS[type]}`;
}

/** A message event as an item for ingest. Its messageId is the provider's fact: told twice, it is a duplicate. */
export function messageItem(connectorId: string, event: MessageEvent, { who, effectKey }: About): object {
  const { channel, providerId, bounce, link, reason } = event;
  return {
    type: 'track',
    messageId: `${connectorId}:${shortened(event.id)}`,
    ...who,
    event: eventName(event),
    timestamp: event.at,
    properties: {
      channel,
      connector_id: connectorId,
      ...(providerId === undefined ? {} : { provider_id: providerId }),
      ...(effectKey === undefined ? {} : { effect_key: effectKey }),
      ...(bounce === undefined ? {} : { bounce }),
      ...(link === undefined ? {} : { link_url: link }),
      ...(reason === undefined ? {} : { reason }),
    },
  };
}

/** What ingest takes beside the connector's id; providers' own ids may be longer and differ at their end only. */
const LONGEST = 63;

const shortened = (id: string): string =>
  id.length <= LONGEST ? id : createHash('sha256').update(id).digest('base64url');
