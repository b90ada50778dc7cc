import { Claim } from '@percorso/identity';
import { Transaction } from '@percorso/storage';

/** An erasure that is being carried out. */
export interface OpenErasure {
  id: string;
  /** The persons it consists of: the one asked for and all merged into it; empty when nobody was known. */
  persons: readonly number[];
  requestedAt: Date;
}

export interface PlaceStep {
  /** Rows cleared by this step. */
  count: number;
  /** `waiting` for something outside, to be looked at again later. */
  state: 'more' | 'waiting' | 'done';
  /** Words for the admin, no personal data. */
  waitingFor?: string;
  /** Where the next step goes on. */
  progress?: object;
}

/** Somewhere personal data can be. Steps are repeated after a crash, so each must be harmless to repeat. */
export interface ErasurePlace {
  /** Kebab-case; what the erasure's report calls it. */
  readonly name: string;
  /** One short transaction's worth of work. `progress` is what the step before left, null for the first. */
  step(tx: Transaction, erasure: OpenErasure, progress: unknown): Promise<PlaceStep>;
}

/** Injection token of the places: an array that libs add theirs to while modules start. */
export const ERASURE_PLACES = Symbol('ErasurePlaces');

/** The whole of a person that is being erased, for hooks. */
export interface ErasedPerson {
  /** The person and all merged into it. */
  homes: readonly number[];
  identities: readonly Claim[];
}

/** What a hook cleared at once, inside the erasure's own transaction. */
export interface Cleared {
  place: string;
  count: number;
}
