import { JournalLine } from '../journal';
import { Trigger } from '../trigger';

export type Scalar = string | number | boolean;
/** A row as stored: column path without leading `@` (`email`, `folder-id`, `location/@city`) to value. Empty columns are absent. */
export type Row = { id: number } & Record<string, Scalar>;

export type Operation = 'insert' | 'insertOrUpdate' | 'update' | 'delete' | 'none';
export type Effect = 'inserted' | 'updated' | 'unchanged' | 'noop' | 'deleted';

/** One accepted row of one accepted call. */
export interface RowEntry {
  callId: string;
  /** SOAP method, or `_twin` for rows made over the control surface. */
  method: string;
  schema: string;
  operation: Operation;
  key: Record<string, Scalar>;
  attributes: Record<string, Scalar | null>;
  effect: Effect;
  /** Primary key of the row, 0 when there is none (noop). */
  id: number;
}

export type JournalEntry = JournalLine & RowEntry;

interface FaultTrigger extends Trigger {
  /** SOAP method names; default: all but Logon, Logoff and GetEntityIfMoreRecent. */
  methods?: string[];
}

export type InjectedFault = FaultTrigger &
  (
    | { kind: 'soapFault'; faultcode?: string; faultstring?: string; detail?: string }
    | { kind: 'http429' | 'http500' | 'http503'; retryAfterSeconds?: number }
    | { kind: 'slow' | 'slowBody'; ms: number }
    | { kind: 'acceptThenDrop' | 'dropBeforeAccept' | 'expireSessions' | 'refuseLogon' }
  );

export const FAULT_KINDS: ReadonlyArray<InjectedFault['kind']> = [
  'soapFault',
  'http429',
  'http500',
  'http503',
  'slow',
  'slowBody',
  'acceptThenDrop',
  'dropBeforeAccept',
  'expireSessions',
  'refuseLogon',
];

export interface DeliveryLogInput {
  email: string;
  status: 'sent' | 'failed' | 'ignored' | 'pending';
  /** 1 user unknown, 2 domain invalid, 3 unreachable, 4 account disabled, 5 mailbox full, 8 denylisted, 20 refused. */
  failureReason?: number;
  /** 1 soft, 2 hard, 3 ignored. */
  failureType?: number;
  text?: string;
  deliveryLabel?: string;
  /** RFC 3339; default now. */
  eventDate?: string;
}

export interface TwinCounters {
  /** Calls by method, whatever became of them. */
  calls: Record<string, number>;
  /** Calls answered with a fault of the twin itself. */
  refused: number;
  rows: Record<Effect, number>;
  injected: Record<string, number>;
  logons: number;
  openSessions: number;
}
