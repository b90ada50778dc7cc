import { ComputedValues, flatTraits } from './computed-values';
import { Consent, ConsentStamps, plainConsent } from './consent';
import { plainTraits, TraitStamps } from './said-trait';
import { flatten } from './flatten';

/** An event as the loader reads it from PostgreSQL. */
export interface StoredEvent {
  partition: number;
  pos: string;
  messageId: string;
  node: number;
  type: string;
  name: string;
  occurredAt: Date;
  sentAt: Date | null;
  receivedAt: Date;
  sourceId: string;
  properties: Record<string, unknown>;
  /** context.consent.categoryPreferences; null without. */
  consent: unknown;
}

export interface DirtyProfile {
  person: number;
  state: string;
  version: string;
  traits: TraitStamps;
  computed: ComputedValues;
  consent: ConsentStamps;
  groups: string[];
}

export interface DirtyNode {
  node: number;
  person: number;
  namespace: string;
  value: string;
  version: string;
}

export interface DirtyAccount {
  id: string;
  version: string;
  traits: TraitStamps;
}

export interface DirtyListing {
  audienceId: string;
  node: number;
  listed: boolean;
  version: string;
}

export interface DirtyItem {
  name: string;
  key: string;
  fields: Record<string, unknown>;
  deleted: boolean;
  version: string;
}

// What DateTime64 holds; a clock of another century must not stop the log.
const EARLIEST = Date.UTC(1900, 0, 1);
const LATEST = Date.UTC(2299, 0, 1);

const time = (date: Date): string =>
  new Date(Math.min(LATEST, Math.max(EARLIEST, date.getTime()))).toISOString();

export function eventRow(workspaceId: string, event: StoredEvent): Record<string, unknown> {
  return {
    workspace_id: workspaceId,
    name: event.name,
    node: event.node,
    occurred_at: time(event.occurredAt),
    type: event.type,
    partition: event.partition,
    pos: event.pos,
    message_id: event.messageId,
    source_id: event.sourceId,
    sent_at: event.sentAt && time(event.sentAt),
    received_at: time(event.receivedAt),
    ...flatten(event.properties),
    properties: JSON.stringify(event.properties),
    context:
      event.consent === null ? '{}' : JSON.stringify({ consent: { categoryPreferences: event.consent } }),
    early_ms: event.occurredAt.getTime() < EARLIEST ? event.occurredAt.getTime() : 0,
  };
}

/** channel, or channel:topic -> state. */
const consentMap = (consent: Consent): Record<string, string> =>
  Object.fromEntries(
    Object.entries(consent).flatMap(([channel, topics]) =>
      Object.entries(topics).map(([topic, state]) => [
        topic === '*' ? channel : `${channel}:${topic}`,
        state,
      ]),
    ),
  );

export function profileRow(workspaceId: string, profile: DirtyProfile): Record<string, unknown> {
  const key = { workspace_id: workspaceId, person: profile.person, version: profile.version };
  if (profile.state === 'merged') return { ...key, deleted: 1 };
  return {
    ...key,
    ...flatTraits(profile.traits, profile.computed),
    consent: consentMap(plainConsent(profile.consent)),
    groups: profile.groups,
    deleted: 0,
  };
}

export const nodeRow = (workspaceId: string, node: DirtyNode): Record<string, unknown> => ({
  workspace_id: workspaceId,
  ...node,
});

export const accountRow = (
  workspaceId: string,
  { id, version, traits }: DirtyAccount,
): Record<string, unknown> => ({
  workspace_id: workspaceId,
  id,
  version,
  ...flatten(plainTraits(traits)),
});

export const listingRow = (workspaceId: string, listing: DirtyListing): Record<string, unknown> => ({
  workspace_id: workspaceId,
  audience_id: listing.audienceId,
  node: listing.node,
  version: listing.version,
  deleted: listing.listed ? 0 : 1,
});

export const itemRow = (workspaceId: string, item: DirtyItem): Record<string, unknown> => ({
  workspace_id: workspaceId,
  name: item.name,
  key: item.key,
  ...flatten(item.fields),
  version: item.version,
  deleted: item.deleted ? 1 : 0,
});
