/** Causes by which the hub sets its own books right: nothing happened to the profile. */
const BOOKKEEPING = new Set(['merge', 'unmerge', 'erasure']);
const BACKFILL = new Set(['backfill', 'edit']);

/** Why a membership changed, as far as journeys tell causes apart; `cause`: its kind in the log. */
export const causeOf = (cause: string): { bookkeeping: boolean; backfill: boolean } => ({
  bookkeeping: BOOKKEEPING.has(cause),
  /** Only a definition that was made or edited shows it. */
  backfill: BACKFILL.has(cause),
});
