import { Logger } from '@nestjs/common';
import type { Queue } from 'bull';

/** What a job carries: everything else is in PostgreSQL. */
export interface WakeUp {
  workspaceId: string;
  id: string;
}

const logger = new Logger('Queues');
const QUIET_MS = 30_000;
/** How long a Redis that holds the connection and says nothing is waited for. */
const PATIENCE_MS = 1000;
let quietUntil = 0;

/** One line now and then for all queues: each tries again many times a minute. */
function reportLost(error: NodeJS.ErrnoException): void {
  if (performance.now() < quietUntil) return;
  quietUntil = performance.now() + QUIET_MS;
  logger.warn(
    `Redis cannot be reached (${error.code ?? error.name}); work is found in PostgreSQL meanwhile.`,
  );
}

/** Tells workers through Redis that something waits for them. A lost wake-up costs one look into PostgreSQL. */
export abstract class WakeQueue {
  constructor(private readonly queue: Queue<WakeUp>) {
    // Without a listener a lost Redis would end the process.
    queue.on('error', (error: NodeJS.ErrnoException) => reportLost(error));
  }

  /** @returns false when Redis cannot be reached: whoever found the work then acts without it */
  async wake(workspaceId: string, id: string): Promise<boolean> {
    if (this.queue.client.status !== 'ready') return false;
    const added = this.queue.add({ workspaceId, id }, { removeOnComplete: true, removeOnFail: true }).then(
      () => true,
      () => false,
    );
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS, false);
    });
    return Promise.race([added, late]).finally(() => clearTimeout(timer));
  }
}
