import { JournalLine } from '../journal';
import { Trigger } from '../trigger';

export interface SinkMessage {
  envelope: { from: string; to: string[] };
  messageId: string;
  subject: string;
  /** Addresses of the From and To headers. */
  from: string;
  to: string[];
  /** Every header, lower-case name to unfolded raw value; repeated ones are joined by `, `. */
  headers: Record<string, string>;
  text: string;
  html: string;
  /** Bytes as received. */
  size: number;
  /** Whether the sender was told (250) or cut off after the message was recorded. */
  outcome: 'accepted' | 'acceptedThenDropped';
}

export type SinkJournalEntry = JournalLine & SinkMessage;

export const RULE_KINDS = [
  'hardBounce',
  'greylist',
  'unavailable',
  'slow',
  'acceptThenDrop',
  'dropBeforeAccept',
  'rejectAuth',
] as const;

/** Default count: unlimited for a rule with `recipient`, else 1. */
export interface SinkRule extends Trigger {
  kind: (typeof RULE_KINDS)[number];
  /** Regular expression on the RCPT address; absent: any. */
  recipient?: string;
  /** Delay of `slow`. */
  ms?: number;
  /** Text of the refusal. */
  message?: string;
}

export interface BounceRequest {
  recipient: string;
  /** Which message bounced; default the newest to the recipient. */
  messageId?: string;
  /** Enhanced status, default `5.1.1`. */
  status?: string;
  /** SMTP diagnostic, default `550 5.1.1 No such user`. */
  diagnostic?: string;
  action?: 'failed' | 'delayed';
  /** Where to POST the report as message/rfc822. */
  url?: string;
}

export interface Bounce {
  seq: number;
  recipient: string;
  messageId: string;
  status: string;
  /** The report as a message, CRLF line ends. */
  raw: string;
  /** HTTP status of the POST to `url`. */
  posted?: number;
}

export interface SinkCounters {
  connections: number;
  accepted: number;
  /** What rules did, by kind. */
  refused: Record<string, number>;
}
