import type { Transaction } from '@percorso/storage';

/** Something beside audiences that acts on their members, and would go on with those of one that nobody keeps any more. */
export interface AudienceUser {
  /** Those that do so now with this audience, as `sync "Welcome" (id)`. */
  usersOf(tx: Transaction, audienceId: string): Promise<string[]>;
}

/** Injection token of these: an array that libs add theirs to while modules start. */
export const AUDIENCE_USERS = Symbol('AudienceUsers');
