import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import { endInstances } from '../keep/end-instances';
import { COUNT_OVER, overBy } from '../keep/goal-window';

/** Injection token of JourneyKeeping. */
export const JOURNEY_KEEPING = Symbol('JourneyKeeping');

export interface JourneyKeeping {
  /** Days that instances and their traces are kept once they have ended. @default 365 */
  days: number;
}

export const DEFAULT_KEEPING: JourneyKeeping = { days: 365 };

const DAY_MS = 86_400_000;
const REFUSAL_DAYS = 30;
/** A caller of the API has its answer by then. */
const ANSWERED_MS = 3_600_000;
/** Rows of one transaction. */
const PAGE = 1000;

/** Takes people off stopped journeys, and clears what is no longer kept, page by page. */
@Injectable()
export class JourneyHousekeeping {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(JOURNEY_KEEPING) private readonly keeping: JourneyKeeping,
  ) {}

  async turn(workspaceId: string, stopping: () => boolean): Promise<{ cleared: number; waiting: number }> {
    let cleared = 0;
    const steps = [
      this.stopPeople,
      this.refuseLeft,
      this.closeWindows,
      this.leaveStopped,
      this.clearEnded,
      this.clearRefusals,
      this.clearRequests,
      this.clearReads,
    ];
    for (const step of steps) {
      for (let done = PAGE; done === PAGE && !stopping(); cleared += done) {
        done = await step.call(this, workspaceId, this.clock.now());
      }
    }
    const [row] = await this.database.statement<{ waiting: string }>(
      workspaceId,
      `SELECT coalesce(sum(CASE what WHEN 'entered' THEN count ELSE -count END), 0) AS waiting FROM journey_count
       WHERE workspace_id = $1 AND step = '' AND what IN ('entered', 'ended')`,
      [workspaceId],
    );
    return { cleared, waiting: Number(row?.waiting ?? 0) };
  }

  private stopPeople(workspaceId: string, now: Date): Promise<number> {
    return this.database.tx(workspaceId, async (tx) => {
      const { rows } = await tx.query<{ id: string }>(
        `SELECT i.id FROM journey j JOIN journey_instance i ON i.workspace_id = j.workspace_id AND i.journey_id = j.id
         WHERE j.workspace_id = $1 AND j.state = 'stopped' AND i.state = 'active' LIMIT $2`,
        [workspaceId, PAGE],
      );
      return endInstances(
        tx,
        rows.map(({ id }) => id),
        'stopped',
        now,
      );
    });
  }

  /** Whoever was followed long enough is counted as that. */
  private closeWindows(workspaceId: string, now: Date): Promise<number> {
    return this.clear(
      workspaceId,
      `WITH over AS (
         UPDATE journey_instance SET followed = false WHERE workspace_id = $1 AND id = ANY(ARRAY(
           SELECT id FROM journey_instance WHERE workspace_id = $1 AND followed AND goal_until < $2
           ORDER BY goal_until LIMIT $3))
         RETURNING journey_id, entered_version, holdout, goal_at
       ), counted AS (${COUNT_OVER}) SELECT FROM over`,
      overBy(now),
    );
  }

  /** Nothing counts any more of a stopped journey whose windows are over. */
  private leaveStopped(workspaceId: string, now: Date): Promise<number> {
    return this.clear(
      workspaceId,
      `UPDATE journey SET followed_until = NULL WHERE workspace_id = $1 AND id IN (
         SELECT id FROM journey WHERE workspace_id = $1 AND followed_until < $2 LIMIT $3) RETURNING 1`,
      overBy(now),
    );
  }

  private clearEnded(workspaceId: string, now: Date): Promise<number> {
    return this.clear(
      workspaceId,
      `WITH old AS (
         SELECT id FROM journey_instance WHERE workspace_id = $1 AND state = 'ended' AND ended_at < $2 AND NOT followed
         ORDER BY ended_at LIMIT $3
       ), traces AS (
         DELETE FROM journey_trace t USING old WHERE t.workspace_id = $1 AND t.instance_id = old.id
       ), past AS (
         INSERT INTO journey_past AS p (workspace_id, journey_id, person, key, entered_at)
         SELECT $1, i.journey_id, i.person, coalesce(i.key, ''), max(i.entered_at)
         FROM old JOIN journey_instance i ON i.workspace_id = $1 AND i.id = old.id
         WHERE EXISTS (SELECT FROM journey_version v WHERE v.workspace_id = $1 AND v.journey_id = i.journey_id
           AND v.published_at IS NOT NULL AND coalesce(v.definition->>'reentry', 'always') <> 'always')
         GROUP BY 2, 3, 4
         ON CONFLICT (workspace_id, journey_id, person, key)
           DO UPDATE SET entered_at = greatest(p.entered_at, excluded.entered_at)
       ) DELETE FROM journey_instance i USING old WHERE i.workspace_id = $1 AND i.id = old.id RETURNING 1`,
      new Date(now.getTime() - this.keeping.days * DAY_MS),
    );
  }

  private clearRefusals(workspaceId: string, now: Date): Promise<number> {
    return this.clear(
      workspaceId,
      `DELETE FROM journey_refusal WHERE workspace_id = $1 AND (journey_id, person, n) IN (
         SELECT journey_id, person, n FROM journey_refusal WHERE workspace_id = $1 AND at < $2 ORDER BY at LIMIT $3)
       RETURNING 1`,
      new Date(now.getTime() - REFUSAL_DAYS * DAY_MS),
    );
  }

  private clearRequests(workspaceId: string, now: Date): Promise<number> {
    return this.clear(
      workspaceId,
      `DELETE FROM journey_request WHERE workspace_id = $1 AND n IN (
         SELECT n FROM journey_request WHERE workspace_id = $1 AND code IS NOT NULL AND at < $2 LIMIT $3) RETURNING 1`,
      new Date(now.getTime() - ANSWERED_MS),
    );
  }

  /** Of a journey that nobody moves any more, for nothing in the workspace does. */
  private refuseLeft(workspaceId: string, now: Date): Promise<number> {
    return this.clear(
      workspaceId,
      `UPDATE journey_request r SET code = 'not-live' FROM journey j
       WHERE r.workspace_id = $1 AND r.code IS NULL AND r.at < $2 AND j.workspace_id = $1 AND j.id = r.journey_id
         AND j.state IN ('draft', 'stopped') AND r.n IN (
           SELECT n FROM journey_request WHERE workspace_id = $1 AND code IS NULL ORDER BY n LIMIT $3) RETURNING 1`,
      now,
    );
  }

  private clearReads(workspaceId: string, now: Date): Promise<number> {
    return this.clear(
      workspaceId,
      `DELETE FROM journey_read WHERE workspace_id = $1 AND id IN (
         SELECT id FROM journey_read r WHERE workspace_id = $1 AND ended_at < $2 AND EXISTS (
           SELECT FROM journey_read n WHERE n.workspace_id = $1 AND n.journey_id = r.journey_id
             AND n.audience_id = r.audience_id AND n.started_at > r.started_at) LIMIT $3) RETURNING 1`,
      new Date(now.getTime() - this.keeping.days * DAY_MS),
    );
  }

  private async clear(workspaceId: string, statement: string, before: Date): Promise<number> {
    return (await this.database.statement(workspaceId, statement, [workspaceId, before, PAGE])).length;
  }
}
