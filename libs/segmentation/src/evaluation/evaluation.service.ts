import { Inject, Injectable } from '@nestjs/common';
import { audit } from '@percorso/access';
import { CLOCK, type Clock, newId, Problem } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import { EvaluationQueue } from './evaluation.queue';
import { EvaluationRow, EvaluationStore } from './evaluation.store';

@Injectable()
export class EvaluationService {
  constructor(
    private readonly database: Database,
    private readonly evaluations: EvaluationStore,
    private readonly queue: EvaluationQueue,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Ask for an evaluation of the definition as it now is. */
  async request(workspaceId: string, audienceId: string, actor: string): Promise<EvaluationRow> {
    const at = this.clock.now();
    const row = await this.database.tx(workspaceId, async (tx) => {
      const created = await this.evaluations.insert(tx, { id: newId(), audienceId, at });
      if (created) await audit(tx, actor, 'audience.evaluated', audienceId, { evaluation: created.id }, at);
      return created;
    });
    if (!row) throw Problem.notFound('Audience');
    await this.queue.wake(workspaceId, row.id);
    return row;
  }

  async get(workspaceId: string, id: string): Promise<EvaluationRow> {
    const row = await this.database.tx(workspaceId, (tx) => this.evaluations.find(tx, id));
    if (!row) throw Problem.notFound('Evaluation');
    return row;
  }
}
