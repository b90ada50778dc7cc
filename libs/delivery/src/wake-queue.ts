import type { Queue } from 'bull';

/** What a job carries: everything else is in PostgreSQL. */
export interface WakeUp {
  workspaceId: string;
  id: string;
}

/**
 * Puts a wake-up into Redis.
 * @returns false when Redis cannot be reached; whoever finds open work in PostgreSQL then acts without it
 */
export async function enqueueWakeUp(queue: Queue<WakeUp>, wakeUp: WakeUp): Promise<boolean> {
  if (queue.client.status !== 'ready') return false;
  try {
    await queue.add(wakeUp, { removeOnComplete: true, removeOnFail: true });
    return true;
  } catch {
    return false;
  }
}
