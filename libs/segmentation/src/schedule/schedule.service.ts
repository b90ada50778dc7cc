import { Inject, Injectable } from '@nestjs/common';
import { assertVersion, audit, WORKSPACE_HOOKS, type WorkspaceHook } from '@percorso/access';
import { CLOCK, type Clock, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import { AudienceStore } from '../audience/audience.store';
import { evaluationView } from '../audience/audience.view';
import { DEFAULT_ZONE } from '../definition/zones';
import { EvaluationStore } from '../evaluation/evaluation.store';
import { nextRun } from './cron';
import { isCron, type RequestedRule, requestedRule } from './schedule-rule';
import type { ScheduledRunView, ScheduleView, SetSchedule } from './schedule.dto';
import { type ScheduleRow, ScheduleStore } from './schedule.store';

/** When audiences are to be evaluated besides being kept: one schedule an audience. */
@Injectable()
export class ScheduleService implements WorkspaceHook {
  constructor(
    private readonly database: Database,
    private readonly schedules: ScheduleStore,
    private readonly audiences: AudienceStore,
    private readonly evaluations: EvaluationStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(WORKSPACE_HOOKS) hooks: WorkspaceHook[],
  ) {
    hooks.push(this);
  }

  get(workspaceId: string, audienceId: string): Promise<ScheduleView> {
    return this.database.tx(workspaceId, async (tx) => {
      const row = await this.schedules.find(tx, audienceId);
      if (!row) throw Problem.notFound('Schedule');
      return this.view(tx, row);
    });
  }

  /** @param version of the schedule that is replaced; undefined where there is none yet */
  put(
    workspaceId: string,
    audienceId: string,
    asked: SetSchedule,
    version: number | undefined,
    actor: string,
  ): Promise<ScheduleView> {
    const at = this.clock.now();
    return this.database.tx(workspaceId, async (tx) => {
      const audience = await this.audiences.lock(tx, audienceId);
      if (!audience) throw Problem.notFound('Audience');
      if (audience.state === 'archived') {
        throw Problem.conflict('archived', 'An archived audience is evaluated no more.');
      }
      const requested = requireRule(asked);
      assertVersion(version, (await this.schedules.find(tx, audienceId))?.version);
      const { paused } = asked;
      const dueAt = paused ? null : await this.firstRun(tx, requested, at);
      await this.schedules.put(tx, { ...requested, audienceId, paused, dueAt }, at);
      await audit(tx, actor, 'audience.scheduled', audienceId, { ...requested.rule, paused }, at);
      return this.view(tx, (await this.schedules.find(tx, audienceId)) as ScheduleRow);
    });
  }

  remove(workspaceId: string, audienceId: string, version: number, actor: string): Promise<void> {
    return this.database.tx(workspaceId, async (tx) => {
      await this.audiences.lock(tx, audienceId);
      const row = await this.schedules.find(tx, audienceId);
      if (!row) throw Problem.notFound('Schedule');
      assertVersion(version, row.version);
      await this.schedules.remove(tx, audienceId);
      await audit(tx, actor, 'audience.unscheduled', audienceId, {}, this.clock.now());
    });
  }

  /** What goes by the workspace's clock goes by its new one. */
  async changed(tx: Transaction): Promise<void> {
    const now = this.clock.now();
    const zone = (await this.audiences.zone(tx)) ?? DEFAULT_ZONE;
    for (const { audienceId, cron } of await this.schedules.inWorkspaceZone(tx, now)) {
      await this.schedules.reschedule(tx, audienceId, nextRun(cron, zone, now));
    }
  }

  private async firstRun(tx: Transaction, { rule }: RequestedRule, at: Date): Promise<Date | null> {
    if (!isCron(rule)) return null;
    return nextRun(rule.cron, rule.zone ?? (await this.audiences.zone(tx)) ?? DEFAULT_ZONE, at);
  }

  private async view(tx: Transaction, row: ScheduleRow): Promise<ScheduleView> {
    const { rule, paused, dueAt, version, createdAt, updatedAt } = row;
    return {
      cron: isCron(rule) ? rule.cron : null,
      zone: isCron(rule) ? (rule.zone ?? null) : null,
      afterIngest: isCron(rule) ? null : rule.afterIngest,
      paused,
      nextRunAt: dueAt,
      lastRun: await this.lastRun(tx, row),
      version,
      createdAt,
      updatedAt,
    };
  }

  private async lastRun(tx: Transaction, row: ScheduleRow): Promise<ScheduledRunView | null> {
    const { lastDueAt: dueAt, lastRunAt: at, lastEvaluationId: id } = row;
    const evaluation = id === null ? undefined : await this.evaluations.find(tx, id);
    return dueAt && at && evaluation ? { dueAt, at, evaluation: evaluationView(evaluation) } : null;
  }
}

function requireRule(asked: SetSchedule): RequestedRule {
  const requested = requestedRule(asked);
  if ('errors' in requested) throw Problem.invalid(requested.errors);
  return requested;
}
