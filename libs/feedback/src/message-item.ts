import { createHash } from 'node:crypto';
import { messageEventName } from '@percorso/delivery';
import type { MessageEvent } from '@percorso/plugin-kit';
import type { About } from './find-persons';

/** A message event as an item for ingest. Its messageId is the provider's fact: told twice, it is a duplicate. */
export function messageItem(connectorId: string, event: MessageEvent, { who, effectKey }: About): object {
  const { channel, providerId, bounce, link, reason } = event;
  return {
    type: 'track',
    messageId: `${connectorId}:${shortened(event.id)}`,
    ...who,
    event: messageEventName(event),
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
