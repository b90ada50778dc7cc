import { Transaction } from '@percorso/storage';
import { Cleared, ErasedPerson } from './erasure/erasure-place';

/** A person and the public id of its profile. */
export interface PersonRef {
  person: number;
  profileId: string;
}

/** Why profiles changed. */
export interface ProfilesCause {
  kind: 'merge-policy';
  /** Of the policy. */
  version: number;
}

/** Told, inside the transaction, what happened to persons and their accounts; throwing undoes it. */
export interface PersonHook {
  /** Each loser is now part of its winner. */
  merged?(
    tx: Transaction,
    pairs: readonly { winner: PersonRef; loser: PersonRef }[],
    now: Date,
  ): Promise<void>;
  /** `loser` is a person of its own again. */
  unmerged?(tx: Transaction, pair: { winner: PersonRef; loser: PersonRef }, now: Date): Promise<void>;
  /**
   * Before their rows go. `whole` is all that belongs to them; `persons` is empty when an identity without a profile is
   * erased. May tell what it cleared.
   */
  erased?(
    tx: Transaction,
    persons: readonly PersonRef[],
    now: Date,
    whole: ErasedPerson,
  ): Promise<void | readonly Cleared[]>;
  /** Readers are about to see other traits of these persons, though nothing was said. */
  profilesChanged?(
    tx: Transaction,
    persons: readonly number[],
    cause: ProfilesCause,
    now: Date,
  ): Promise<void>;
  /** Readers see other traits of these group accounts. */
  accountsChanged?(tx: Transaction, accounts: readonly string[], now: Date): Promise<void>;
}

/** Injection token of the hooks: an array that libs add theirs to while modules start. */
export const PERSON_HOOKS = Symbol('PersonHooks');
