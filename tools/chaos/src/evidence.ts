import type { Fate } from './expected';
import type { Struck } from './strikes';
import type { Target } from './schedule';

/** What each side says at the end, as plain data: the calculation over it is `reconcile`. */
export interface Evidence {
  events: {
    /** Message ids that were answered for with 2xx. */
    acknowledged: string[];
    /** Message ids that PostgreSQL and ClickHouse hold. */
    postgres: string[];
    clickhouse: string[];
  };
  audiences: AudienceEvidence[];
  messages: MessageEvidence[];
  records: RecordEvidence;
  struck: Struck[];
  /** Ends of hub processes that nobody caused. */
  ownDeaths: string[];
}

export interface AudienceEvidence {
  name: string;
  /** User ids. */
  expected: string[];
  members: string[];
  pulled: string[];
  deltas: { user: string; op: 'enter' | 'exit'; version: number }[];
  /** Memberships that differed from the set. */
  drift: number;
}

/** The reconciliation as the hub's API gives it. */
export interface Balance {
  members: number;
  accepted: number;
  rejected: number;
  suppressed: number;
  dropped: number;
  pending: number;
  unknown: number;
}

/** Of one effect of the ledger, the newest of its intent. */
export interface LedgerRow {
  user: string;
  operation: 'send' | 'upsert' | 'remove';
  state: string;
  address: string | null;
}

/** One try of an effect. */
export interface AttemptRow {
  effect: string;
  /** Milliseconds since 1970. */
  from: number;
  to: number;
  outcome: string;
  code: string | null;
}

export interface MessageEvidence {
  target: Target;
  /** `key`: the target knows keys; `none`: nothing tells a second send from the first. */
  certainty: 'key' | 'none';
  balance: Balance;
  /** By user id, of each who should be a member. */
  fates: Record<string, Fate>;
  ledger: LedgerRow[];
  /** Who is unknown in the end, with the tries of theirs that left it so. */
  unknown: (AttemptRow & { user: string })[];
  attempts: AttemptRow[];
  /** What the target itself wrote down before it answered. */
  journal: { address: string; repeated: boolean }[];
}

export interface RecordEvidence {
  target: Target;
  balance: Balance;
  /** User ids who should be members, and their address if they have one. */
  fates: Record<string, Fate>;
  ledger: LedgerRow[];
  /** Every write that changed something at the target. */
  journal: { address: string; effect: 'inserted' | 'updated' | 'deleted' }[];
  /** Records that it holds, one address each. */
  held: string[];
}
