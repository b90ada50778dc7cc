import type { Context, Deliver, Item } from './plugin';
import { classify } from './runtime/classify';
import { partOf } from './runtime/exchanges';
import { retry, type Verdict } from './verdict';

export interface InParts {
  /** Calls at once. @default 8 */
  atOnce?: number;
}

/**
 * For providers that take one item a call: `deliverOne` for each, a few at a time. What it throws is that item's verdict;
 * where that is "later", or the connector is at fault, the items not begun yet are left for another time.
 */
export function itemwise<S>(
  deliverOne: (item: Item, ctx: Context<S>) => Promise<Verdict>,
  options: InParts = {},
): Deliver<S> {
  return partwise(
    (items) => items.map((item) => [item]),
    async (items, ctx) => [await deliverOne(items[0] as Item, ctx)],
    options,
  );
}

/** The same for providers that take some items a call: `split` says which, each item in one part. */
export function partwise<S>(
  split: (items: Item[], ctx: Context<S>) => Item[][],
  deliverPart: (items: Item[], ctx: Context<S>) => Promise<Verdict[]>,
  { atOnce = 8 }: InParts = {},
): Deliver<S> {
  return async (items, ctx) => {
    const verdicts = new Map<Item, Verdict>();
    const parts = split(items, ctx);
    const waiting = parts.values();
    let halted: Verdict | undefined;
    let fault: unknown;
    const work = async (): Promise<void> => {
      for (const part of waiting) {
        if (ctx.signal.aborted) halted ??= retry(undefined, 'deadline');
        const answers = halted
          ? part.map(() => halted as Verdict)
          : await deliverPart(part, partOf(ctx, part)).catch((error: unknown) => {
              const classified = classify(error);
              if ('fault' in classified) fault ??= error;
              const verdict =
                'fault' in classified ? retry(undefined, classified.fault.code) : classified.verdict;
              if (verdict.status === 'retry') halted ??= verdict;
              return part.map(() => verdict);
            });
        part.forEach((item, at) => verdicts.set(item, answers[at] as Verdict));
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, parts.length) }, work));
    const inOrder = items.map((item) => verdicts.get(item) as Verdict);
    // A fault speaks for the whole batch unless some items have an answer to keep.
    if (fault !== undefined && inOrder.every(({ status }) => status === 'retry')) throw fault;
    return inOrder;
  };
}
