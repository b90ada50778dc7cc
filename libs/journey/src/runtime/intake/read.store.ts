import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import type { EntryFacts } from '../../engine/instance';
import type { JourneyPlan } from '../plan/journey-plan';
import { isHeld } from '../plan/pause';

/** An audience whose members enter a journey, page by page. */
export interface OpenRead {
  id: string;
  journeyId: string;
  version: number;
  audienceId: string;
  /** Only who joined after that. Whoever joins when it has begun is for the next one. */
  since: Date | null;
  /** Of those who joined lately: which of them. */
  between?: Positions;
  perSecond: number;
  /** What its members enter with. */
  facts: EntryFacts;
  startedAt: Date;
}

/**
 * Of the membership log. A change has its position when it can be seen, which may be long after the time it has: by time
 * alone some would be in no read, and some in two.
 */
export interface Positions {
  /** Up to where the read before took members; null: there was none, or it went by time. */
  after: number | null;
  until: number;
}

/** How far a read has come with the persons of some partitions. */
interface ReadPart extends Omit<OpenRead, 'between'> {
  afterPos: number | null;
  untilPos: number | null;
  partition: number;
  afterPerson: number;
  takenAt: Date;
  /** Partitions that still have members share the rate: persons are not spread evenly over them. */
  sharing: number;
}

/** A page of a read: who is to enter now, and where it stands then. */
export interface ReadPage {
  read: OpenRead;
  partition: number;
  persons: number[];
  afterPerson: number;
  done: boolean;
}

/** No change of an audience takes so long from its time to where it can be seen: looking at others is spared. */
const LONGEST_ON_ITS_WAY = '1 day';

/** Whether an audience is there and kept up to date. @param id a column or parameter of the statement */
export const IS_ACTIVE = (id: string): string =>
  `EXISTS (SELECT FROM audience WHERE workspace_id = $1 AND id = ${id} AND state = 'active')`;

/** Members are taken at once for no more time than this, so that a rate is a rate after an outage, too. */
const BURST_MS = 1000;

@Injectable()
export class ReadStore {
  /** Begin a read in all partitions there are; none of an audience that was archived, whose members nobody keeps. */
  async start(tx: Transaction, read: OpenRead): Promise<void> {
    const { id, journeyId, version, audienceId, since, between, perSecond, facts, startedAt } = read;
    tx.send(
      `WITH begun AS (
         INSERT INTO journey_read (workspace_id, id, journey_id, version, audience_id, since, after_pos, until_pos, per_second,
           facts, started_at)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 WHERE ${IS_ACTIVE('$5')} RETURNING id
       ) INSERT INTO journey_read_part (workspace_id, read_id, partition, taken_at)
       SELECT $1, id, partition, $11::timestamptz - interval '1 second' FROM begun, lease
       WHERE workspace_id = $1 AND kind = 'journey'`,
      [
        tx.workspaceId,
        id,
        journeyId,
        version,
        audienceId,
        since,
        between?.after,
        between?.until,
        perSecond,
        JSON.stringify(facts),
        startedAt,
      ],
    );
  }

  /** The next members of audiences that are being read, `limit` at most, as many as their rates allow at `now`. */
  async pages(
    tx: Transaction,
    plan: JourneyPlan,
    { partitions, of }: { partitions: readonly number[]; of: number },
    now: Date,
    limit: number,
  ): Promise<ReadPage[]> {
    const { rows } = await tx.query<ReadPart>(
      `SELECT r.id, r.journey_id AS "journeyId", r.version, r.audience_id AS "audienceId", r.since,
         r.after_pos::float8 AS "afterPos", r.until_pos::float8 AS "untilPos", r.per_second AS "perSecond", r.facts,
         r.started_at AS "startedAt", p.partition, p.after_person AS "afterPerson", p.taken_at AS "takenAt", (SELECT count(*)::int FROM journey_read_part o
           WHERE o.workspace_id = $1 AND o.read_id = r.id AND NOT o.done) AS sharing
       FROM journey_read r JOIN journey_read_part p ON p.workspace_id = r.workspace_id AND p.read_id = r.id
       WHERE r.workspace_id = $1 AND r.ended_at IS NULL AND NOT p.done AND p.partition = ANY($2::int[])
         AND r.journey_id = ANY($3::uuid[])
       ORDER BY p.taken_at, r.id, p.partition`,
      [tx.workspaceId, partitions, entering(plan)],
    );
    const pages: ReadPage[] = [];
    let left = limit;
    for (const part of rows) {
      const most = Math.min(left, allowance(part, now));
      if (most < 1) continue;
      const page = await this.page(tx, part, of, most);
      pages.push(page);
      left -= page.persons.length;
    }
    return pages;
  }

  private async page(tx: Transaction, part: ReadPart, of: number, limit: number): Promise<ReadPage> {
    const { partition, afterPerson, takenAt: _, sharing: __, afterPos, untilPos, ...read } = part;
    const bounds = untilPos === null ? [read.startedAt] : [untilPos, afterPos];
    const { rows } = await tx.query<{ person: number }>(
      `SELECT person FROM membership m
       WHERE workspace_id = $1 AND audience_id = $2 AND person > $3 AND member AND person % $4 = $5
         AND ${untilPos === null ? BY_TIME : BY_POSITION} ORDER BY person LIMIT $7`,
      [tx.workspaceId, read.audienceId, afterPerson, of, partition, read.since, limit, ...bounds],
    );
    const persons = rows.map(({ person }) => person);
    return {
      read,
      partition,
      persons,
      afterPerson: persons.at(-1) ?? afterPerson,
      done: persons.length < limit,
    };
  }

  /** Pages have been taken; reads without any more members end. */
  keep(tx: Transaction, pages: readonly ReadPage[], now: Date): void {
    if (pages.length === 0) return;
    tx.send(
      `UPDATE journey_read_part p SET after_person = r.after_person, taken = p.taken + r.taken, taken_at = $7, done = r.done
       FROM unnest($2::uuid[], $3::int[], $4::int[], $5::int[], $6::bool[]) AS r (read_id, partition, after_person, taken, done)
       WHERE p.workspace_id = $1 AND p.read_id = r.read_id AND p.partition = r.partition`,
      [
        tx.workspaceId,
        pages.map(({ read }) => read.id),
        pages.map(({ partition }) => partition),
        pages.map(({ afterPerson }) => afterPerson),
        pages.map(({ persons }) => persons.length),
        pages.map(({ done }) => done),
        now,
      ],
    );
    const done = pages.filter((page) => page.done).map(({ read }) => read.id);
    if (done.length === 0) return;
    // Whoever ends the last of its partitions ends the read: they take turns at its row.
    tx.send(
      'SELECT FROM journey_read WHERE workspace_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE',
      [tx.workspaceId, done],
    );
    tx.send(
      `UPDATE journey_read r SET ended_at = $3 WHERE workspace_id = $1 AND id = ANY($2::uuid[])
         AND NOT EXISTS (SELECT FROM journey_read_part p WHERE p.workspace_id = $1 AND p.read_id = r.id AND NOT p.done)`,
      [tx.workspaceId, done, now],
    );
  }
}

const BY_TIME = 'since <= $8 AND ($6::timestamptz IS NULL OR since > $6)';
const BY_POSITION = `($6::timestamptz IS NULL
    OR since > CASE WHEN $9::bigint IS NULL THEN $6 ELSE $6 - interval '${LONGEST_ON_ITS_WAY}' END)
  AND EXISTS (SELECT FROM membership_delta d WHERE d.workspace_id = $1 AND d.audience_id = $2 AND d.person = m.person
    AND d.version = m.version AND d.pos <= $8 AND ($9::bigint IS NULL OR d.pos > $9))`;

/** Journeys that are entered now. */
const entering = (plan: JourneyPlan): string[] =>
  [...plan.journeys.values()].filter((journey) => journey.live && !isHeld(journey)).map(({ id }) => id);

/** How many of a part's members may enter now, at its share of the rate. */
function allowance({ perSecond, takenAt, sharing }: ReadPart, now: Date): number {
  const share = perSecond / sharing / 1000;
  const longest = Math.max(BURST_MS, 1 / share);
  return Math.floor(Math.min(Math.max(0, now.getTime() - takenAt.getTime()), longest) * share);
}
