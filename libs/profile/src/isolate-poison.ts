import { Transaction } from '@percorso/storage';
import { LogItem, Outcome } from './log-item';
import { isPoison } from './poison';

/**
 * Apply `items` in order; when the data of one breaks a statement, halve until it stands alone, hand that one to
 * `setAside` and apply all others. Must run inside a transaction: each attempt is a savepoint.
 */
export async function isolatePoison(
  tx: Transaction,
  items: readonly LogItem[],
  apply: (items: readonly LogItem[]) => Promise<Outcome>,
  setAside: (item: LogItem, error: unknown) => Promise<void>,
): Promise<Outcome> {
  tx.send('SAVEPOINT attempt');
  try {
    const outcome = await apply(items);
    await tx.settled();
    tx.send('RELEASE SAVEPOINT attempt');
    return outcome;
  } catch (error) {
    if (!isPoison(error)) throw error;
    await tx.settled().catch(() => undefined);
    tx.send('ROLLBACK TO SAVEPOINT attempt');
    tx.send('RELEASE SAVEPOINT attempt');
    if (items.length === 1) {
      await setAside(items[0]!, error);
      return { accepted: 0, duplicates: 0, quarantined: 1 };
    }
    const middle = Math.ceil(items.length / 2);
    const first = await isolatePoison(tx, items.slice(0, middle), apply, setAside);
    const second = await isolatePoison(tx, items.slice(middle), apply, setAside);
    return {
      accepted: first.accepted + second.accepted,
      duplicates: first.duplicates + second.duplicates,
      quarantined: first.quarantined + second.quarantined,
    };
  }
}
