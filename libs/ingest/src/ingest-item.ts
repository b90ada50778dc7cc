export const ITEM_TYPES = ['identify', 'track', 'page', 'screen', 'group', 'alias'] as const;
export type ItemType = (typeof ITEM_TYPES)[number];

/** One accepted call of the tracking API, checked. */
export interface IngestItem {
  messageId: string;
  type: ItemType;
  userId?: string;
  anonymousId?: string;
  previousId?: string;
  groupId?: string;
  /** The tracked event's name; only with type `track`. */
  event?: string;
  traits?: Record<string, unknown>;
  properties?: Record<string, unknown>;
  context?: Record<string, unknown>;
  /** When it happened: corrected by received minus sent, never after it was received. */
  timestamp: Date;
  sentAt?: Date;
}

/** Why an item is set aside. */
export interface Refusal {
  /** Stable, kebab-case. */
  code: string;
  /** For an admin to read; quotes no data. */
  reason: string;
  /** RFC 6901, into the item. */
  pointer: string;
}

/** Where an item stands in the log. */
export interface ItemPlace {
  partition: number;
  pos: number;
  receivedAt: Date;
  /** The request's, by the client's clock. */
  sentAt?: Date | null;
  /** Bytes of the item's JSON text. */
  size?: number;
}

export type ParsedItem = { ok: IngestItem } | { quarantine: Refusal };
