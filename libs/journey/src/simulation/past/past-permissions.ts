import {
  allowsUnknown,
  comparableAddress,
  forbids,
  type NewEffect,
  type Reason,
  suppressedAmong,
  type Suppression,
} from '@percorso/delivery';
import { consentFor } from '@percorso/profile';
import type { Database, Transaction } from '@percorso/storage';
import type { PastFacts } from './past-facts';

type Suppressed = Pick<Suppression, 'reason' | 'at'>;

interface Waiting {
  channel: string;
  address: string;
  told: (suppressed: Suppressed | undefined) => void;
  failed: (error: unknown) => void;
}

/** Tells what might not have been sent: by consent as it was, and addresses that were suppressed by then. */
export class PastPermissions {
  private waiting: Waiting[] = [];
  private unknownAllowed?: Promise<boolean>;

  constructor(
    private readonly database: Database,
    private readonly workspaceId: string,
  ) {}

  /** Why a message could not go out at a moment; undefined: it could. */
  async forbids(effect: NewEffect, past: PastFacts, at: number): Promise<Reason | undefined> {
    if (effect.operation === 'call') return undefined;
    const { person, channel = 'email', address = '' } = effect;
    const consent = consentFor(past.document(person, at).consent, channel);
    const [suppressed, unknownAllowed] = await Promise.all([
      this.suppressed(channel, address),
      (this.unknownAllowed ??= this.tx(allowsUnknown)),
    ]);
    const counts = suppressed && suppressed.at.getTime() <= at ? suppressed.reason : undefined;
    return forbids({ channel, suppressed: counts, consent, unknownAllowed });
  }

  /** Who asks at one time is told together. */
  private suppressed(channel: string, address: string): Promise<Suppressed | undefined> {
    return new Promise((told, failed) => {
      this.waiting.push({ channel, address, told, failed });
      if (this.waiting.length === 1) setImmediate(() => void this.flush());
    });
  }

  private async flush(): Promise<void> {
    const { waiting } = this;
    this.waiting = [];
    try {
      for (const channel of new Set(waiting.map((one) => one.channel))) {
        const own = waiting.filter((one) => one.channel === channel);
        const found = await this.tx((tx) =>
          suppressedAmong(
            tx,
            channel,
            own.map(({ address }) => address),
          ),
        );
        for (const { address, told } of own) told(found.get(comparableAddress(channel, address)));
      }
    } catch (error) {
      for (const { failed } of waiting) failed(error);
    }
  }

  private tx<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.database.tx(this.workspaceId, work);
  }
}
