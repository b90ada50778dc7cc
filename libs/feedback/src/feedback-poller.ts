import { Injectable, Logger } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import { FeedbackService } from './feedback.service';

/** Asks one provider in its turn; one that cannot be asked is logged, and the next round follows. */
@Injectable()
export class FeedbackPoller {
  private readonly logger = new Logger(FeedbackPoller.name);

  constructor(private readonly feedback: FeedbackService) {}

  async poll(workspaceId: string, connectorId: string): Promise<void> {
    await this.feedback.poll(workspaceId, connectorId).catch((error: unknown) => {
      const cause = error instanceof Problem ? error.code : error instanceof Error ? error.name : 'unknown';
      this.logger.warn({ connectorId, cause }, 'A provider could not be asked; the next round follows');
    });
  }
}
