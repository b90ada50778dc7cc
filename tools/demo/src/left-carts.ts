import { Call } from './behaviour';

/**
 * How many reminders of a cart are due within a time: some minutes after something was put into it, if nothing was bought
 * meanwhile; a cart that is being waited for already is no other. Told from what the shop sent, without the hub.
 * @param whom by user id, who may be reminded
 */
export function leftCarts(
  history: readonly Call[],
  { from, until, waitMs }: { from: number; until: number; waitMs: number },
  whom: ReadonlySet<string>,
): number {
  const byUser = new Map<string, Map<string, Call>>();
  for (const call of history) {
    if (call.event !== 'Product Added' && call.event !== 'Order Completed') continue;
    if (!call.userId || !whom.has(call.userId)) continue;
    const own = byUser.get(call.userId) ?? new Map<string, Call>();
    // Some calls were sent twice.
    byUser.set(call.userId, own.set(call.messageId, call));
  }
  let due = 0;
  for (const calls of byUser.values()) {
    const inOrder = [...calls.values()].sort((a, b) => time(a) - time(b));
    let waits = Infinity;
    for (const call of inOrder) {
      const at = time(call);
      if (at < from || at >= until) continue;
      if (at > waits) {
        due += 1;
        waits = Infinity;
      }
      if (call.event === 'Order Completed') waits = Infinity;
      else if (waits === Infinity) waits = at + waitMs;
    }
    if (waits < until) due += 1;
  }
  return due;
}

const time = ({ timestamp }: Call): number => new Date(timestamp).getTime();
