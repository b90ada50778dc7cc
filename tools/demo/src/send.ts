import { setMaxListeners } from 'node:events';
import { Analytics } from '@segment/analytics-node';
import { Call } from './behaviour';

export interface Sent {
  /** Calls handed to the client. */
  calls: number;
  /** Requests the hub answered with 2xx. */
  requests: number;
  /** Calls the client gave up on; 0 in a healthy run. */
  failed: number;
}

/** Calls in flight between two flushes: bounds the client's memory. */
const WAVE = 4000;

/** Send `calls` in their order through the unmodified @segment/analytics-node. */
export async function send(
  hubUrl: string,
  writeKey: string,
  calls: readonly Call[],
  onProgress: (sent: number) => void = () => undefined,
): Promise<Sent> {
  // The client gives every batch in flight a listener of one signal.
  setMaxListeners(100);
  const client = new Analytics({ writeKey, host: hubUrl, flushAt: 250, flushInterval: 1000, maxRetries: 20 });
  const sent: Sent = { calls: 0, requests: 0, failed: 0 };
  client.on('http_request', () => (sent.requests += 1));
  client.on('error', () => (sent.failed += 1));
  for (const call of calls) {
    dispatch(client, call);
    sent.calls += 1;
    if (sent.calls % WAVE === 0) {
      await client.flush();
      onProgress(sent.calls);
    }
  }
  await client.closeAndFlush();
  onProgress(sent.calls);
  return sent;
}

function dispatch(client: Analytics, call: Call): void {
  const { type, userId, anonymousId, messageId, timestamp, context } = call;
  const who = { userId, anonymousId } as { userId: string };
  const common = { messageId, timestamp, context };
  switch (type) {
    case 'identify':
      return client.identify({ ...common, ...who, traits: call.traits });
    case 'track':
      return client.track({ ...common, ...who, event: call.event ?? '', properties: call.properties });
    case 'page':
      return client.page({ ...common, ...who, properties: call.properties });
    case 'group':
      return client.group({ ...common, ...who, groupId: call.groupId ?? '', traits: call.traits });
    case 'alias':
      return client.alias({ ...common, userId: userId ?? '', previousId: call.previousId ?? '' });
  }
}
