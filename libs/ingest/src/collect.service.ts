import { Inject, Injectable } from '@nestjs/common';
import type { AccessRequest } from '@percorso/access';
import { CLOCK, Clock, Problem } from '@percorso/kernel';
import { IngestWriter } from './ingest-writer';
import { parseIsoTime } from './iso-time';
import type { CollectedBody } from './request-body';

/** Stores what a collection request carries. */
@Injectable()
export class CollectService {
  constructor(
    private readonly writer: IngestWriter,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Resolves after the commit. @throws Problem 503 */
  async collect(request: AccessRequest): Promise<void> {
    const { workspaceId, actor } = request.access ?? {};
    if (workspaceId === undefined || actor === undefined) {
      throw new Problem({ status: 403, code: 'workspace-key-required', title: 'A write key is required' });
    }
    const { payload, count, sentAt } = request.body as CollectedBody;
    if (count === 0) return;
    await this.writer.append(workspaceId, {
      sourceId: actor.replace(/^key:/, ''),
      receivedAt: this.clock.now(),
      sentAt: sentAt ?? sentAtHeader(request),
      payload,
      count,
    });
  }
}

/** RudderStack's browser library says in a header when it sent. */
function sentAtHeader(request: AccessRequest): Date | undefined {
  const header = request.headers.sentat;
  return typeof header === 'string' ? parseIsoTime(header) : undefined;
}
