import { valueAt } from '@percorso/profile';
import { eventTest, type EventTest } from '@percorso/segmentation';
import type { AwaitArm, EventWatch, JourneyDefinition, Reaction, Watch } from '../definition/definition';
import type { Instance, JourneyEvent } from './instance';
import type { Happening } from './protocol';
import { visitKey } from './visit-key';

/** Received so long after it occurred that journeys take no notice. */
export const isLate = ({ lateMs }: JourneyDefinition, { occurredAt, receivedAt }: JourneyEvent): boolean =>
  receivedAt - occurredAt >= lateMs;

/** Characters of a key. What is longer names nothing, and would fit into no index. */
export const LONGEST_KEY = 512;

/** The text at a dotted path of an event's properties by which instances are told apart; null: there is none. */
export function keyAt(properties: Record<string, unknown>, path: string): string | null {
  const value = valueAt(properties, path);
  if (value === undefined || typeof value === 'object') return null;
  const text = String(value);
  return text.length > LONGEST_KEY ? null : text;
}

const tests = new WeakMap<EventWatch, EventTest>();

/** Whether an event is one that is watched for, whichever key it has. `at`: the moment its date tests count from. */
export function isWatched(watch: EventWatch, event: JourneyEvent, at: number): boolean {
  let test = tests.get(watch);
  if (!test) tests.set(watch, (test = eventTest(watch)));
  return test(event, at);
}

/** Whether this is what an instance watches for. */
export function meets(
  watch: AwaitArm['for'],
  happening: Happening,
  journey: JourneyDefinition,
  instance: Instance,
  at: number,
): boolean {
  if ('reaction' in watch) return happening.kind === 'event' && isReaction(watch, happening.event, instance);
  if ('audience' in watch) return isChange(watch, happening);
  if (happening.kind !== 'event' || !isWatched(watch.event, happening.event, at)) return false;
  const path = journey.key === undefined ? undefined : (watch.event.key ?? journey.key);
  return path === undefined || keyAt(happening.event.properties, path) === instance.key;
}

const isChange = ({ audience }: Extract<Watch, { audience: unknown }>, happening: Happening): boolean =>
  happening.kind === 'membership' && happening.audienceId === audience.id && happening.op === audience.on;

/** How the names of message events end, whatever the channel they begin with. */
const REACTIONS: Record<Reaction['reaction']['is'], RegExp> = {
  delivered: / Delivered$/,
  opened: / Opened$/,
  clicked: / Link Clicked$/,
  bounced: / Bounced$/,
  complained: / Marked as Spam$/,
  unsubscribed: /^Unsubscribed$/,
};

export function isReaction(
  { reaction: { to, is } }: Reaction,
  event: JourneyEvent,
  instance: Pick<Instance, 'id' | 'sent'>,
): boolean {
  const visit = Object.hasOwn(instance.sent, to) ? instance.sent[to] : undefined;
  if (visit === undefined || event.properties['effect_key'] !== visitKey(instance, visit)) return false;
  return REACTIONS[is].test(event.name);
}
