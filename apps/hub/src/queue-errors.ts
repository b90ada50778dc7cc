import { Injectable, Logger, OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { getQueueToken } from '@nestjs/bull';
import type { Queue } from 'bull';

export const QUEUES = ['evaluation', 'sync', 'delivery', 'feedback'] as const;
const QUIET_MS = 30_000;

/** Redis may go away at any time: that is one line now and then, and everything due is found again in PostgreSQL. */
@Injectable()
export class QueueErrors implements OnModuleInit {
  private readonly logger = new Logger('Queues');
  private lastLine = -QUIET_MS;

  constructor(private readonly modules: ModuleRef) {}

  onModuleInit(): void {
    for (const name of QUEUES) this.find(name)?.on('error', (error) => this.report(error));
  }

  private find(name: string): Queue | undefined {
    try {
      return this.modules.get<Queue>(getQueueToken(name), { strict: false });
    } catch {
      // Not every role has every queue.
      return undefined;
    }
  }

  private report(error: Error): void {
    if (performance.now() - this.lastLine < QUIET_MS) return;
    this.lastLine = performance.now();
    const code = (error as NodeJS.ErrnoException).code ?? error.name;
    this.logger.warn(`Redis cannot be reached (${code}); work continues from PostgreSQL once it is back.`);
  }
}
