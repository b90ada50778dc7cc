import type { Context, Deliver, Item } from './plugin';
import { classify, type Fault } from './runtime/classify';
import { retry, type Verdict } from './verdict';

/**
 * For providers that take one item a call: `deliverOne` for each, `atOnce` at a time. What it throws is that item's
 * verdict. A fault of the connector ends the batch, and speaks for all of it unless some items have an answer to keep.
 */
export function itemwise<S>(
  deliverOne: (item: Item, ctx: Context<S>) => Promise<Verdict>,
  { atOnce = 8 }: { atOnce?: number } = {},
): Deliver<S> {
  return async (items, ctx) => {
    const verdicts: Verdict[] = [];
    const waiting = items.entries();
    let faulty: Faulty | undefined;
    const work = async (): Promise<void> => {
      for (const [at, item] of waiting) {
        if (faulty) verdicts[at] = retry(undefined, faulty.fault.code);
        else if (ctx.signal.aborted) verdicts[at] = retry(undefined, 'deadline');
        else {
          const answer = await attempt(() => deliverOne(item, ctx));
          if ('fault' in answer) faulty ??= answer;
          verdicts[at] = 'fault' in answer ? retry(undefined, answer.fault.code) : answer;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
    if (faulty && verdicts.every(({ status }) => status === 'retry')) throw faulty.error;
    return verdicts;
  };
}

interface Faulty {
  fault: Fault;
  error: unknown;
}

async function attempt(deliver: () => Promise<Verdict>): Promise<Verdict | Faulty> {
  try {
    return await deliver();
  } catch (error) {
    const classified = classify(error);
    return 'fault' in classified ? { fault: classified.fault, error } : classified.verdict;
  }
}
