import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, newId } from '@percorso/kernel';
import { nextRun } from '@percorso/segmentation';
import { Database, type Transaction } from '@percorso/storage';
import type { Entry } from '../../definition/definition';
import type { JourneyPlan, LiveEntry } from '../plan/journey-plan';
import { PlanLoader } from '../plan/plan-loader';
import { IS_ACTIVE, ReadStore } from './read.store';

type ReadEntry = Extract<Entry, { kind: 'read' }>;

interface ScheduleRow {
  journeyId: string;
  version: number;
  entry: number;
  nextAt: Date | null;
  evaluatedAt: Date | null;
  readAt: Date | null;
  /** Up to where in the membership log it was read. */
  readPos: number | null;
  /** Some change of the audience from before it was due has no position yet. */
  unsettled: boolean;
  /** Where that log ends now. */
  head: number;
  /** When the audience was evaluated last. */
  audienceAt: Date | null;
}

/** Begins reads of audiences when they are due. */
@Injectable()
export class ReadScheduler {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly plans: PlanLoader,
    private readonly reads: ReadStore,
  ) {}

  /** @returns how many began */
  look(workspaceId: string): Promise<number> {
    return this.database.tx(workspaceId, async (tx) => {
      const plan = await this.plans.load(tx);
      const entries = plan
        .liveEntries()
        .filter((live): live is LiveEntry<ReadEntry> => live.entry.kind === 'read');
      await this.endAbandoned(tx, plan);
      if (entries.length === 0) return 0;
      const now = this.clock.now();
      const known = await this.rows(tx, entries);
      const added = entries.filter((live) => !known.some((row) => isOf(row, live)));
      for (const live of added) await this.add(tx, plan, live, now);
      const rows = added.length === 0 ? known : await this.rows(tx, entries);
      let begun = 0;
      for (const live of entries) {
        const row = rows.find((one) => isOf(one, live));
        if (!row || live.journey.state === 'paused' || !isDue(row, live.entry, now)) continue;
        // In a moment it can be told who belongs to this read.
        if (live.entry.only === 'new' && row.unsettled) continue;
        await this.begin(tx, plan, live, row, now);
        begun += 1;
      }
      return begun;
    });
  }

  /** Their rows are locked: of two processes one begins a read. */
  private async rows(tx: Transaction, entries: readonly LiveEntry<ReadEntry>[]): Promise<ScheduleRow[]> {
    const { rows } = await tx.query<ScheduleRow>(
      `SELECT s.journey_id AS "journeyId", s.version, s.entry, s.next_at AS "nextAt", s.evaluated_at AS "evaluatedAt",
         s.read_at AS "readAt", s.read_pos::float8 AS "readPos", a.evaluated_at AS "audienceAt",
         coalesce(l.head, 0)::float8 AS head,
         EXISTS (SELECT FROM membership_delta d WHERE d.workspace_id = $1 AND d.audience_id = e.audience_id
           AND d.pos IS NULL AND d.at <= coalesce(s.next_at, a.evaluated_at)) AS unsettled
       FROM unnest($2::uuid[], $3::int[], $4::int[], $5::uuid[]) AS e (journey_id, version, entry, audience_id)
       JOIN journey_schedule s ON s.workspace_id = $1 AND (s.journey_id, s.version, s.entry) = (e.journey_id, e.version, e.entry)
       LEFT JOIN audience a ON a.workspace_id = $1 AND a.id = e.audience_id
       LEFT JOIN membership_log l ON l.workspace_id = $1
       ORDER BY s.journey_id, s.version, s.entry FOR UPDATE OF s`,
      [
        tx.workspaceId,
        entries.map(({ version }) => version.journeyId),
        entries.map(({ version }) => version.version),
        entries.map(({ index }) => index),
        entries.map(({ entry }) => entry.audienceId),
      ],
    );
    return rows;
  }

  /** An entry seen for the first time: an earlier version's read of the audience is where reads of new members go on. */
  private async add(
    tx: Transaction,
    plan: JourneyPlan,
    { version, index, entry }: LiveEntry<ReadEntry>,
    now: Date,
  ): Promise<void> {
    // What came since then was meant for it, though nobody looked.
    const published = new Date(Math.min(now.getTime(), version.publishedAt.getTime()));
    await tx.query(
      `INSERT INTO journey_schedule (workspace_id, journey_id, version, entry, next_at, evaluated_at, read_at, read_pos)
       SELECT $1, $2, $3, $4, $5, $7, r.started_at, r.until_pos FROM (SELECT) one
       LEFT JOIN (SELECT started_at, until_pos FROM journey_read
         WHERE workspace_id = $1 AND journey_id = $2 AND audience_id = $6 ORDER BY started_at DESC LIMIT 1) r ON true
       ON CONFLICT DO NOTHING`,
      [
        tx.workspaceId,
        version.journeyId,
        version.version,
        index,
        nextAt(entry, plan, published),
        entry.audienceId,
        published,
      ],
    );
  }

  private async begin(
    tx: Transaction,
    plan: JourneyPlan,
    { version, index, entry }: LiveEntry<ReadEntry>,
    { readAt, readPos, audienceAt, head }: ScheduleRow,
    now: Date,
  ): Promise<void> {
    await this.reads.start(tx, {
      id: newId(),
      journeyId: version.journeyId,
      version: version.version,
      audienceId: entry.audienceId,
      since: entry.only === 'new' ? readAt : null,
      ...(entry.only === 'new' && { between: { after: readPos, until: head } }),
      perSecond: entry.perSecond,
      facts: { kind: 'read', audienceId: entry.audienceId },
      startedAt: now,
    });
    await tx.query(
      `UPDATE journey_schedule SET next_at = $5, evaluated_at = $6, read_at = $7, read_pos = $8
       WHERE workspace_id = $1 AND journey_id = $2 AND version = $3 AND entry = $4`,
      [
        tx.workspaceId,
        version.journeyId,
        version.version,
        index,
        nextAt(entry, plan, now),
        audienceAt,
        now,
        head,
      ],
    );
  }

  /** Nobody enters any more by reads of journeys that take nobody, or of audiences that were archived. */
  private async endAbandoned(tx: Transaction, plan: JourneyPlan): Promise<void> {
    await tx.query(
      `UPDATE journey_read SET ended_at = $3
       WHERE workspace_id = $1 AND ended_at IS NULL
         AND (journey_id <> ALL($2::uuid[]) OR NOT ${IS_ACTIVE('journey_read.audience_id')})`,
      [
        tx.workspaceId,
        [...plan.journeys.values()].filter(({ live }) => live).map(({ id }) => id),
        this.clock.now(),
      ],
    );
  }
}

const isOf = (row: ScheduleRow, { version, index }: LiveEntry): boolean =>
  row.journeyId === version.journeyId && row.version === version.version && row.entry === index;

function isDue({ nextAt, evaluatedAt, audienceAt }: ScheduleRow, { when }: ReadEntry, now: Date): boolean {
  if ('cron' in when) return nextAt !== null && nextAt <= now;
  return audienceAt !== null && (evaluatedAt === null || audienceAt > evaluatedAt);
}

/** What an outage kept from being read is read once. */
const nextAt = ({ when }: ReadEntry, plan: JourneyPlan, after: Date): Date | null =>
  'cron' in when ? nextRun(when.cron, when.zone ?? plan.zone, after) : null;
