import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock, describeError, newId } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import { AudienceStore } from '../audience/audience.store';
import { DEFAULT_ZONE } from '../definition/zones';
import { EvaluationService } from '../evaluation/evaluation.service';
import { type EvaluationRow, EvaluationStore } from '../evaluation/evaluation.store';
import { nextRun } from './cron';
import { isCron, type ScheduleRule } from './schedule-rule';
import { ScheduleStore } from './schedule.store';

/** Runs begun in one look, so that a workspace with many does not hold up the others. */
const MOST = 100;

/** Asks for the evaluations that schedules want. However long nobody looked, what was missed runs once. */
@Injectable()
export class Scheduler {
  private readonly logger = new Logger(Scheduler.name);

  constructor(
    private readonly database: Database,
    private readonly schedules: ScheduleStore,
    private readonly audiences: AudienceStore,
    private readonly evaluations: EvaluationStore,
    private readonly requests: EvaluationService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Begin what is due in a workspace; how many runs that were. */
  async look(workspaceId: string, stopping: () => boolean = () => false): Promise<number> {
    const due = await this.database.tx(workspaceId, (tx) => this.schedules.due(tx, this.clock.now(), MOST));
    let begun = 0;
    for (const audienceId of due) {
      if (stopping()) break;
      try {
        const evaluation = await this.begin(workspaceId, audienceId);
        await this.requests.announce(workspaceId, evaluation);
        begun += evaluation ? 1 : 0;
      } catch (error) {
        // The others do not wait for it; it stays due.
        this.logger.error(`The schedule of ${audienceId} could not run: ${describeError(error)}`);
      }
    }
    return begun;
  }

  /** The run, its evaluation and the next moment are one transaction: a hub that dies has done all of it or nothing. */
  private begin(workspaceId: string, audienceId: string): Promise<EvaluationRow | undefined> {
    return this.database.tx(workspaceId, async (tx) => {
      // The audience's row before its schedule's, as everywhere.
      await this.audiences.lock(tx, audienceId);
      const now = this.clock.now();
      const schedule = await this.schedules.claim(tx, audienceId, now);
      if (!schedule) return undefined;
      const evaluation = await this.evaluations.insert(tx, { id: newId(), audienceId, at: now });
      if (!evaluation) return undefined;
      const nextDueAt = await this.nextDueAt(tx, schedule.rule, now);
      await this.schedules.ran(tx, schedule, { at: now, evaluationId: evaluation.id, nextDueAt });
      return evaluation;
    });
  }

  /** After `now`, not after the moment that was due: what passed meanwhile is part of this run. */
  private async nextDueAt(tx: Transaction, rule: ScheduleRule, now: Date): Promise<Date | null> {
    if (!isCron(rule)) return null;
    return nextRun(rule.cron, rule.zone ?? (await this.audiences.zone(tx)) ?? DEFAULT_ZONE, now);
  }
}
