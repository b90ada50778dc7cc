import type { Queue } from 'bull';

/** What a job carries: everything else is in PostgreSQL. */
export interface WakeUp {
  workspaceId: string;
  id: string;
}

/** How long a Redis that holds the connection and says nothing is waited for. */
const PATIENCE_MS = 1000;

/**
 * Puts a wake-up into Redis.
 * @returns false when Redis cannot be reached; whoever finds open work in PostgreSQL then acts without it
 */
export async function enqueueWakeUp(queue: Queue<WakeUp>, wakeUp: WakeUp): Promise<boolean> {
  if (queue.client.status !== 'ready') return false;
  const added = queue.add(wakeUp, { removeOnComplete: true, removeOnFail: true }).then(
    () => true,
    () => false,
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, false);
  });
  return Promise.race([added, late]).finally(() => clearTimeout(timer));
}
