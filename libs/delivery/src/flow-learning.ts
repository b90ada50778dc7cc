import type { Transaction } from '@percorso/storage';
import { isHostsFault } from './call-result';
import { afterCall, type CallResult, type FlowOptions } from './flow';
import { connectorPlace, hostPlace, lockFlow, readFlow, saveFlow } from './flow.store';

/** What a call's end teaches about the pace of its connector, and of the host behind it. */
export async function noteResult(
  tx: Transaction,
  { connectorId, host }: { connectorId: string; host?: string },
  result: CallResult,
  now: Date,
  options: FlowOptions,
): Promise<void> {
  const learn = async (place: string, what: CallResult): Promise<void> => {
    // Most calls work and teach nothing: what is not written need not be held.
    const calm =
      what.end === 'worked' &&
      afterCall(await readFlow(tx, place), what, now, options, Math.random) === undefined;
    if (calm) return;
    const after = afterCall(await lockFlow(tx, place), what, now, options, Math.random);
    if (after) await saveFlow(tx, place, after);
  };
  const learned = [learn(connectorPlace(connectorId), result)];
  if (host !== undefined && isHostsFault(result)) {
    learned.push(learn(hostPlace(host), { ...result, rows: Math.max(2, result.rows) }));
  } else if (host !== undefined && result.end !== 'failed') {
    learned.push(learn(hostPlace(host), { ...result, end: 'worked', afterMs: 0 }));
  }
  await Promise.all(learned);
}
