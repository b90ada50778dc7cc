import { isLater, Stamp } from './stamp';

export type ConsentState = 'granted' | 'denied';
export type ConsentStamp = Stamp & { state: ConsentState };
/** channel -> topic ('*': the channel as a whole) -> what was last said. */
export type ConsentStamps = Record<string, Record<string, ConsentStamp>>;
/** channel -> topic or '*' -> state. */
export type Consent = Record<string, Record<string, ConsentState>>;

export interface ConsentStatement {
  channel: string;
  topic: string;
  state: ConsentState;
}

const KEY = /^([A-Za-z0-9_-]{1,64})(?::(.{1,128}))?$/;

interface ConsentSource {
  type: string;
  event?: string;
  traits?: Record<string, unknown>;
  properties?: Record<string, unknown>;
  context?: Record<string, unknown>;
}

const objectAt = (value: unknown, key: string): Record<string, unknown> | undefined => {
  const inner =
    value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[key] : undefined;
  return inner !== null && typeof inner === 'object' && !Array.isArray(inner)
    ? (inner as Record<string, unknown>)
    : undefined;
};

function preferences(map: Record<string, unknown> | undefined): ConsentStatement[] {
  const statements: ConsentStatement[] = [];
  for (const [key, value] of Object.entries(map ?? {})) {
    const match = KEY.exec(key);
    const [granted, denied] = [value === true || value === 'granted', value === false || value === 'denied'];
    if (!match || key === '__proto__' || !(granted || denied)) continue;
    statements.push({ channel: match[1]!, topic: match[2] ?? '*', state: granted ? 'granted' : 'denied' });
  }
  return statements;
}

/**
 * What an item says about consent: Segment's context.consent.categoryPreferences on any call, the trait `consent` of
 * identify in the same shape, and the event Unsubscribed (properties.channel, by default email; properties.topic).
 */
export function consentOf(item: ConsentSource): ConsentStatement[] {
  const statements = preferences(objectAt(objectAt(item.context, 'consent'), 'categoryPreferences'));
  if (item.type === 'identify') {
    const trait = objectAt(item.traits, 'consent');
    statements.push(...preferences(objectAt(trait, 'categoryPreferences') ?? trait));
  }
  if (item.type === 'track' && item.event === 'Unsubscribed') {
    const { channel, topic } = item.properties ?? {};
    const key = typeof channel === 'string' ? channel : 'email';
    statements.push(...preferences({ [typeof topic === 'string' ? `${key}:${topic}` : key]: false }));
  }
  return statements;
}

/** Add what was said, where nothing later is known. True when something changed. */
export function addConsent(into: ConsentStamps, statement: ConsentStatement, stamp: Stamp): boolean {
  const topics = Object.hasOwn(into, statement.channel) ? into[statement.channel]! : {};
  const known = Object.hasOwn(topics, statement.topic) ? topics[statement.topic] : undefined;
  if (!isLater(stamp, known)) return false;
  into[statement.channel] = { ...topics, [statement.topic]: { state: statement.state, ...stamp } };
  return true;
}

export function plainConsent(stamps: ConsentStamps): Consent {
  return Object.fromEntries(
    Object.entries(stamps).map(([channel, topics]) => [
      channel,
      Object.fromEntries(Object.entries(topics).map(([topic, { state }]) => [topic, state])),
    ]),
  );
}

/**
 * Whether a message may be sent on a channel, about a topic when it has one. A denial of the channel or of the topic
 * is a denial; a grant of either is a grant; where nothing was said the workspace's policy decides.
 */
export function consentFor(consent: Consent, channel: string, topic?: string): ConsentState | 'unknown' {
  const topics = Object.hasOwn(consent, channel) ? consent[channel]! : {};
  const said = [topics['*'], topic !== undefined && Object.hasOwn(topics, topic) ? topics[topic] : undefined];
  if (said.includes('denied')) return 'denied';
  return said.includes('granted') ? 'granted' : 'unknown';
}
