import type { Transaction } from '@percorso/storage';

export type ConsentState = 'granted' | 'denied' | 'unknown';

/** What persons said about being written to on a channel, as of this transaction. */
export abstract class ConsentSource {
  /** Persons without a profile are missing from the answer. */
  abstract consents(tx: Transaction, persons: number[], channel: string): Promise<Map<number, ConsentState>>;
}
