import type { Operation } from '@percorso/plugin-kit';

/** Where an effect stands. `pending`, `sending` and an `unknown` that can still be resolved are open. */
export type EffectState =
  'pending' | 'sending' | 'accepted' | 'rejected' | 'suppressed' | 'dropped' | 'unknown' | 'superseded';

/** Why an effect is where it is: stable code, words for the admin, RFC 6901 pointer into the payload. */
export interface Reason {
  code: string;
  reason?: string;
  pointer?: string;
}

/** An intent to be recorded. Without a payload it is a row the mapping dropped, kept with its reason. */
export interface NewEffect {
  /** Names the intent; recording it twice changes nothing. */
  key: string;
  /** Absent of what was not waiting for a run. */
  runId?: string;
  /** Absent of what no sync tells. */
  syncId?: string;
  connectorId: string;
  person: number;
  profileId: string;
  /** Of what a sync tells. @default '0' */
  membershipVersion?: string;
  /** Orders what was told of one membership version; the newest counts. @default 0 */
  revision?: number;
  /** The version of the mapping that made the payload. */
  mappingVersion?: number;
  operation: Operation;
  payload?: object;
  channel?: string;
  address?: string;
  dropped?: Reason;
  /** 'transactional' when someone waits for it. A removal has a lane of its own whatever is asked. @default 'bulk' */
  priority?: 'transactional' | 'bulk';
  /** When what it tells came about, for the connector's lag. @default when it is recorded */
  changedAt?: Date;
  /** Whether somebody reads what became of it, see `readEffectNews`. @default false */
  watched?: boolean;
}

/** An effect in the hands of a worker. */
export interface ClaimedEffect {
  id: string;
  key: string;
  person: number;
  payload: Record<string, unknown>;
  channel: string | null;
  address: string | null;
  /** Counts this try. */
  attempt: number;
  doubtfulSince: Date | null;
  /** When what it tells came about. */
  changedAt: Date;
}
