import { Inject, Injectable } from '@nestjs/common';
import { audit } from '@percorso/access';
import { CLOCK, type Clock, newId, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
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
    const row = await this.database.tx(workspaceId, (tx) => this.requestIn(tx, audienceId, actor));
    if (!row) throw Problem.notFound('Audience');
    await this.announce(workspaceId, row);
    return row;
  }

  /** The same inside a transaction; `announce` it after the commit. */
  async requestIn(tx: Transaction, audienceId: string, actor: string): Promise<EvaluationRow | undefined> {
    const at = this.clock.now();
    const row = await this.evaluations.insert(tx, { id: newId(), audienceId, at });
    if (row) await audit(tx, actor, 'audience.evaluated', audienceId, { evaluation: row.id }, at);
    return row;
  }

  async announce(workspaceId: string, row: EvaluationRow | undefined): Promise<void> {
    if (row) await this.queue.wake(workspaceId, row.id);
  }

  async get(workspaceId: string, id: string): Promise<EvaluationRow> {
    const row = await this.database.tx(workspaceId, (tx) => this.evaluations.find(tx, id));
    if (!row) throw Problem.notFound('Evaluation');
    return row;
  }
}
