import { Injectable } from '@nestjs/common';
import { type EffectNews, readEffectNews } from '@percorso/delivery';
import { EventReader, type PersonEvent } from '@percorso/profile';
import type { Held, Transaction } from '@percorso/storage';
import type { JourneyJob } from '../journey/job.store';
import { arrange, type Arrival, type ArrivalStream, type EntryRequest } from './arrivals';
import { type Cursor, CursorStore, furthestBack, type Place, type Share } from './cursor.store';
import { outcomeOf } from './effect-outcome';
import { type HeldRow, HeldStore } from './held.store';
import { InstanceStore } from './instance.store';
import { journeyEvent } from './journey-event';
import type { JourneyPlan } from './journey-plan';
import { causeOf } from './membership-cause';
import { type ReadPage, ReadStore } from './read.store';
import { RequestStore } from './request.store';

/** One log partition a workspace, as ingest writes it today. */
export const LOG_PARTITION = 0;

/** What one turn takes up at most, at full pace. */
const MOST = { events: 1000, deltas: 1000, due: 1000, news: 1000, requests: 500, members: 1000 };

/** What waits for a share of a workspace's persons, as far as one turn takes it up. */
export interface Taken {
  share: Share;
  /** Where the share stands when this is done. */
  place: Place;
  /** The position in the logs moves, or something is forgotten, though nobody be concerned. */
  moves: boolean;
  /** What is due until then may be taken up; Unix milliseconds. */
  horizon: number;
  arrivals: Map<number, Arrival[]>;
  /** Persons concerned. */
  persons: number[];
  /** Those with a wait that is due. */
  due: ReadonlySet<number>;
  instanceIds: string[];
  news: string[];
  held: HeldRow[];
  requests: EntryRequest[];
  pages: ReadPage[];
  /** How much was found, in all. */
  count: number;
  /** There may be more at once. */
  more: boolean;
  /** When what waited longest was due. */
  oldestDue?: Date;
  /** A page of what is asked of those on older versions, which this is then. */
  job?: JobPage;
}

export interface JobPage {
  job: JourneyJob;
  ids: string[];
  /** There are no more. */
  last: boolean;
}

/** Reads what waits, in the order in which it happened. */
@Injectable()
export class TurnReader {
  constructor(
    private readonly cursors: CursorStore,
    private readonly events: EventReader,
    private readonly instances: InstanceStore,
    private readonly requests: RequestStore,
    private readonly reads: ReadStore,
    private readonly heldOnes: HeldStore,
  ) {}

  /**
   * @param pace 1 or less: the part of a full turn that is taken up
   * @param released whether what stood still with a paused journey may go on
   */
  async read(
    tx: Transaction,
    plan: JourneyPlan,
    held: readonly Held[],
    now: Date,
    { pace, released }: { pace: number; released: boolean },
  ): Promise<Taken | undefined> {
    const most = (of: keyof typeof MOST): number => Math.max(1, Math.ceil(MOST[of] * pace));
    const found = await this.cursors.read(tx, held);
    if (found.cursors.length === 0) return undefined;
    const { to, deltaTo, ...share } = furthestBack(found);
    const [head, applied] = await this.heads(tx);
    const from = await this.placeOf(tx, share.cursors[0]!, plan, head);
    const limit = { events: most('events'), deltas: most('deltas') };
    const [events, deltas] = await Promise.all([
      this.eventsAfter(tx, plan, share, from.pos, Math.min(applied, to), limit.events),
      this.deltasAfter(tx, plan, share, from.deltaPos, Math.min(head.pos, deltaTo), limit.deltas),
    ]);
    const place: Place = { pos: events.until, epoch: head.epoch, deltaPos: deltas.until, awake: true };
    const horizon = await this.horizon(tx, plan, place, now);
    const [due, news, requests, pages, heldRows] = await Promise.all([
      this.instances.due(tx, share, new Date(horizon), most('due')),
      readEffectNews(tx, share, most('news')),
      this.requests.open(tx, share, most('requests')),
      this.reads.pages(tx, plan, share, now, most('members')),
      released ? this.heldOnes.released(tx, plan, share, most('news')) : [],
    ]);
    const outcomes = [
      ...heldRows.map(({ person, arrival }) => ({ person, arrival })),
      ...news.flatMap(newsArrival),
    ];
    const streams = [
      outcomes,
      events.all.map(eventArrival),
      deltas.all.map(deltaArrival),
      requests.map(requestArrival),
      pages.flatMap((page) => page.persons.map((person) => memberArrival(person, page, now))),
    ];
    const arrivals = arrange(streams);
    return {
      share,
      place,
      moves: JSON.stringify({ ...share.cursors[0], ...place }) !== JSON.stringify(share.cursors[0]),
      horizon,
      arrivals,
      persons: [...new Set([...arrivals.keys(), ...due.persons])],
      due: new Set(due.persons),
      instanceIds: outcomes.flatMap(({ arrival }) =>
        arrival.kind === 'outcome' ? [arrival.instanceId] : [],
      ),
      news: news.map(({ n }) => n),
      held: heldRows,
      requests,
      pages,
      count:
        events.all.length +
        deltas.all.length +
        due.count +
        news.length +
        requests.length +
        pages.length +
        heldRows.length,
      more:
        events.until < Math.min(applied, to) ||
        deltas.until < Math.min(head.pos, deltaTo) ||
        due.count >= most('due') ||
        news.length >= most('news') ||
        heldRows.length >= most('news') ||
        requests.length >= most('requests') ||
        pages.reduce((sum, { persons }) => sum + persons.length, 0) >= most('members'),
      ...(due.oldest && { oldestDue: due.oldest }),
    };
  }

  private async heads(tx: Transaction): Promise<[{ epoch: number; pos: number }, number]> {
    const [log, applied] = await Promise.all([
      tx.query<{ epoch: number; head: string }>(
        'SELECT epoch, head FROM membership_log WHERE workspace_id = $1',
        [tx.workspaceId],
      ),
      this.events.applied(tx, LOG_PARTITION),
    ]);
    return [{ epoch: log.rows[0]?.epoch ?? 1, pos: Number(log.rows[0]?.head ?? 0) }, applied];
  }

  /**
   * Where to go on. Partitions that did not follow the logs begin with what was received since the first version was
   * published; after a restore the log of memberships goes on from where it was.
   */
  private async placeOf(
    tx: Transaction,
    cursor: Cursor,
    plan: JourneyPlan,
    head: { epoch: number; pos: number },
  ): Promise<{ pos: number; deltaPos: number }> {
    const { pos, deltaPos } = cursor;
    if (cursor.awake)
      return { pos, deltaPos: cursor.epoch === head.epoch ? deltaPos : Math.min(deltaPos, head.pos) };
    const { rows } = await tx.query<{ pos: string | null; deltaPos: string | null }>(
      `SELECT
         (SELECT pos + count - 1 FROM ingest_log WHERE workspace_id = $1 AND partition = $3 AND received_at < $2
           ORDER BY pos DESC LIMIT 1) AS pos,
         (SELECT pos FROM membership_delta WHERE workspace_id = $1 AND pos IS NOT NULL AND at < $2
           ORDER BY pos DESC LIMIT 1) AS "deltaPos"`,
      [tx.workspaceId, plan.since, LOG_PARTITION],
    );
    return {
      pos: Math.max(pos, Number(rows[0]?.pos ?? 0)),
      deltaPos: Math.max(Math.min(deltaPos, head.pos), Number(rows[0]?.deltaPos ?? 0)),
    };
  }

  private async eventsAfter(
    tx: Transaction,
    plan: JourneyPlan,
    share: Share,
    after: number,
    end: number,
    limit: number,
  ): Promise<{ all: PersonEvent[]; until: number }> {
    if (end <= after) return { all: [], until: after };
    if (plan.names.length === 0) return { all: [], until: end };
    const until = windowEnd(after, end, limit);
    const all = await this.events.called(tx, LOG_PARTITION, plan.names, { after, until, limit }, share);
    return { all, until: all.length < limit ? until : all.at(-1)!.pos };
  }

  private async deltasAfter(
    tx: Transaction,
    plan: JourneyPlan,
    { partitions, of }: Share,
    after: number,
    end: number,
    limit: number,
  ): Promise<{ all: DeltaRow[]; until: number }> {
    if (end <= after) return { all: [], until: after };
    if (plan.audiences.length === 0) return { all: [], until: end };
    const until = windowEnd(after, end, limit);
    const { rows } = await tx.query<DeltaRow>(
      `SELECT pos::float8 AS pos, person, audience_id AS "audienceId", op, at, cause->>'kind' AS cause FROM membership_delta
       WHERE workspace_id = $1 AND pos > $2 AND pos <= $3 AND audience_id = ANY($4::uuid[]) AND person % $5 = ANY($6::int[])
       ORDER BY pos LIMIT $7`,
      [tx.workspaceId, after, until, plan.audiences, of, partitions, limit],
    );
    return {
      all: rows.filter(({ cause }) => !causeOf(cause).bookkeeping),
      until: rows.length < limit ? until : rows.at(-1)!.pos,
    };
  }

  /**
   * Until when waits may end: something that was received earlier, and is not taken up yet, comes first. For five minutes,
   * then nobody is kept waiting.
   */
  private async horizon(tx: Transaction, plan: JourneyPlan, { pos }: Place, now: Date): Promise<number> {
    const { rows } = await tx.query<{ received: Date | null; changed: Date | null }>(
      `SELECT CASE WHEN head > $2 THEN (SELECT received_at FROM ingest_log
           WHERE workspace_id = $1 AND partition = $3 AND pos <= $2 + 1 ORDER BY pos DESC LIMIT 1) END AS received,
         (SELECT min(at) FROM membership_delta
           WHERE workspace_id = $1 AND pos IS NULL AND audience_id = ANY($4::uuid[])) AS changed
       FROM ingest_head WHERE workspace_id = $1 AND partition = $3`,
      [tx.workspaceId, pos, LOG_PARTITION, plan.audiences],
    );
    const { received, changed } = rows[0] ?? {};
    const first = Math.min(received?.getTime() ?? Infinity, changed?.getTime() ?? Infinity);
    return Math.min(now.getTime(), Math.max(first, now.getTime() - LONGEST_HOLD_MS));
  }
}

const LONGEST_HOLD_MS = 300_000;

/** Positions looked at for each that may be taken up, and at least: those of others lie between. */
const SPREAD = 4;
const LEAST_WINDOW = 1000;

/** How far a log is looked at for the next `limit`: a turn costs the same however far behind it is. */
const windowEnd = (after: number, end: number, limit: number): number =>
  Math.min(end, after + Math.max(LEAST_WINDOW, SPREAD * limit));

interface DeltaRow {
  pos: number;
  person: number;
  audienceId: string;
  op: 'enter' | 'exit';
  at: Date;
  cause: string;
}

type Placed = ArrivalStream[number];

const eventArrival = (found: PersonEvent): Placed => {
  const event = journeyEvent(found);
  return { person: found.person, arrival: { kind: 'event', at: event.receivedAt, event } };
};

const deltaArrival = ({ person, audienceId, op, at, cause }: DeltaRow): Placed => ({
  person,
  arrival: {
    kind: 'membership',
    at: at.getTime(),
    audienceId,
    op,
    backfill: causeOf(cause).backfill,
  },
});

const requestArrival = (request: EntryRequest): Placed => ({
  person: request.person,
  arrival: { kind: 'request', at: request.at.getTime(), request },
});

const memberArrival = (person: number, { read }: ReadPage, now: Date): Placed => ({
  person,
  arrival: { kind: 'member', at: now.getTime(), read },
});

const KEY = /^journey:([0-9a-f-]{36}):(\d+)$/;

function newsArrival({ key, person, state, code, response, at }: EffectNews): ArrivalStream {
  const [, instanceId, visit] = KEY.exec(key) ?? [];
  if (instanceId === undefined) return [];
  const outcome = outcomeOf(state, code, response);
  return [
    { person, arrival: { kind: 'outcome', at: at.getTime(), instanceId, visit: Number(visit), outcome } },
  ];
}
