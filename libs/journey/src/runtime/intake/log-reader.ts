import { Injectable } from '@nestjs/common';
import { EventReader, type PersonEvent } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import type { ArrivalStream } from './arrivals';
import type { Cursor, Place, Share, Stretch } from './cursor.store';
import { journeyEvent } from './journey-event';
import type { JourneyPlan } from '../plan/journey-plan';
import { causeOf } from './membership-cause';

/** One log partition a workspace, as ingest writes it today. */
export const LOG_PARTITION = 0;

/** Nobody is kept longer than this for something that happened before and is still on its way. */
const LONGEST_HOLD_MS = 300_000;

/** Positions looked at for each that may be taken up, and at least: those of others lie between. */
const SPREAD = 4;
const LEAST_WINDOW = 1000;

/** What the logs have for a share. */
export interface Logged {
  /** Where the share stands when this is taken up. */
  place: Place;
  events: ArrivalStream;
  /** Of memberships. */
  changes: ArrivalStream;
  more: boolean;
  /** Until when waits may end, see `horizonOf`; Unix milliseconds. */
  horizon: number;
}

interface Window<Row> {
  rows: Row[];
  /** Everything up to here was found. */
  until: number;
}

interface DeltaRow {
  pos: number;
  person: number;
  audienceId: string;
  op: 'enter' | 'exit';
  at: Date;
  cause: string;
}

/** Reads on in the ingest log and the log of memberships. */
@Injectable()
export class LogReader {
  constructor(private readonly events: EventReader) {}

  /** @param limit rows of each log */
  async read(tx: Transaction, plan: JourneyPlan, share: Stretch, limit: number, now: Date): Promise<Logged> {
    const [head, applied] = await Promise.all([headOf(tx), this.events.applied(tx, LOG_PARTITION)]);
    const from = await startOf(tx, plan, share.cursors[0]!, head);
    const [end, deltaEnd] = [Math.min(applied, share.to), Math.min(head.pos, share.deltaTo)];
    const [events, deltas] = await Promise.all([
      inWindow(from.pos, end, limit, plan.names.length > 0, (until) =>
        this.events.called(tx, LOG_PARTITION, plan.names, { after: from.pos, until, limit }, share),
      ),
      inWindow(from.deltaPos, deltaEnd, limit, plan.audiences.length > 0, (until) =>
        deltasIn(tx, plan, share, { after: from.deltaPos, until, limit }),
      ),
    ]);
    const place = { pos: events.until, epoch: head.epoch, deltaPos: deltas.until, awake: true };
    return {
      place,
      events: events.rows.map(eventArrival),
      changes: deltas.rows.filter(({ cause }) => !causeOf(cause).bookkeeping).map(deltaArrival),
      more: events.until < end || deltas.until < deltaEnd,
      horizon: await horizonOf(tx, plan, place, now),
    };
  }
}

interface Head {
  epoch: number;
  pos: number;
}

/** Of the log of memberships. */
async function headOf(tx: Transaction): Promise<Head> {
  const { rows } = await tx.query<{ epoch: number; head: string }>(
    'SELECT epoch, head FROM membership_log WHERE workspace_id = $1',
    [tx.workspaceId],
  );
  return { epoch: rows[0]?.epoch ?? 1, pos: Number(rows[0]?.head ?? 0) };
}

/**
 * Where to go on. Partitions that did not follow the logs begin with what may start something now; after a restore the log
 * of memberships goes on from where it was.
 */
async function startOf(
  tx: Transaction,
  plan: JourneyPlan,
  { awake, epoch, pos, deltaPos }: Cursor,
  head: Head,
): Promise<Pick<Cursor, 'pos' | 'deltaPos'>> {
  if (awake) return { pos, deltaPos: epoch === head.epoch ? deltaPos : Math.min(deltaPos, head.pos) };
  const { rows } = await tx.query<{ pos: string | null; deltaPos: string | null }>(
    `SELECT coalesce(
         (SELECT pos + count - 1 FROM ingest_log WHERE workspace_id = $1 AND partition = $3 AND received_at < $2
           ORDER BY pos DESC LIMIT 1),
         -- The log is kept for days only: all that is gone from it was received before.
         (SELECT pos - 1 FROM ingest_log WHERE workspace_id = $1 AND partition = $3 ORDER BY pos LIMIT 1),
         (SELECT head FROM ingest_head WHERE workspace_id = $1 AND partition = $3)) AS pos,
       (SELECT pos FROM membership_delta WHERE workspace_id = $1 AND pos IS NOT NULL AND at < $2
         ORDER BY pos DESC LIMIT 1) AS "deltaPos"`,
    [tx.workspaceId, plan.since, LOG_PARTITION],
  );
  return {
    pos: Math.max(pos, Number(rows[0]?.pos ?? 0)),
    deltaPos: Math.max(Math.min(deltaPos, head.pos), Number(rows[0]?.deltaPos ?? 0)),
  };
}

/** The next `limit` rows, from a window of the log: a turn costs the same however far behind it is. */
async function inWindow<Row extends { pos: number }>(
  after: number,
  end: number,
  limit: number,
  concerned: boolean,
  read: (until: number) => Promise<Row[]>,
): Promise<Window<Row>> {
  if (end <= after) return { rows: [], until: after };
  if (!concerned) return { rows: [], until: end };
  const until = Math.min(end, after + Math.max(LEAST_WINDOW, SPREAD * limit));
  const rows = await read(until);
  return { rows, until: rows.length < limit ? until : rows.at(-1)!.pos };
}

async function deltasIn(
  tx: Transaction,
  plan: JourneyPlan,
  { partitions, of }: Share,
  { after, until, limit }: { after: number; until: number; limit: number },
): Promise<DeltaRow[]> {
  const { rows } = await tx.query<DeltaRow>(
    `SELECT pos::float8 AS pos, person, audience_id AS "audienceId", op, at, cause->>'kind' AS cause FROM membership_delta
     WHERE workspace_id = $1 AND pos > $2 AND pos <= $3 AND audience_id = ANY($4::uuid[]) AND person % $5 = ANY($6::int[])
     ORDER BY pos LIMIT $7`,
    [tx.workspaceId, after, until, plan.audiences, of, partitions, limit],
  );
  return rows;
}

/**
 * Until when waits may end: something that was received earlier, and is not taken up yet, comes first. For five minutes,
 * then nobody is kept waiting.
 */
async function horizonOf(tx: Transaction, plan: JourneyPlan, { pos }: Place, now: Date): Promise<number> {
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

type Placed = ArrivalStream[number];

const eventArrival = (found: PersonEvent): Placed => {
  const event = journeyEvent(found);
  return { person: found.person, arrival: { kind: 'event', at: event.receivedAt, event } };
};

const deltaArrival = ({ person, audienceId, op, at, cause }: DeltaRow): Placed => {
  const { backfill } = causeOf(cause);
  return { person, arrival: { kind: 'membership', at: at.getTime(), audienceId, op, backfill } };
};
