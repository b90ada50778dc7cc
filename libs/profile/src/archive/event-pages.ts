import { Injectable } from '@nestjs/common';
import { Transaction } from '@percorso/storage';
import { type ArchivedEvent, EventArchive } from './event-archive';
import type { ArchiveEdge } from './event-archive.store';

/** A place in the order of a person's events: by time, then by partition and position of the log. */
export interface EventPosition {
  at: string;
  partition: number;
  pos: number;
}

/** Which events of a person are wanted. */
export interface EventsAsk {
  /** Those before it, in that order. */
  after?: EventPosition;
  names?: readonly string[];
  type?: string;
  /** Occurred at or after, as PostgreSQL reads times. */
  from?: string;
  /** Occurred before. */
  to?: string;
}

export interface PagedEvent {
  partition: number;
  pos: number;
  messageId: string;
  type: string;
  name: string;
  occurredAt: Date;
  receivedAt: Date;
  source: string;
  properties: Record<string, unknown>;
  identity: { namespace: string; value: string };
}

/** A person's events, the latest first, a page at a time, wherever they are kept. */
@Injectable()
export class EventPages {
  constructor(private readonly archive: EventArchive) {}

  /**
   * Up to `most` events. ClickHouse is asked only for pages that older events may be on.
   * @throws Problem 503 when they may and it does not answer
   */
  async page(tx: Transaction, person: number, ask: EventsAsk, most: number): Promise<PagedEvent[]> {
    const edge = await this.archive.edge(tx);
    const recent = await readRecent(tx, person, ask, most, edge);
    // Nothing occurs after it was received.
    const last = recent.length < most ? undefined : recent.at(-1);
    if (edge.pos === 0 || (last && last.occurredAt >= edge.receivedBefore)) return recent;
    const { from, to } = await instantsOf(tx, ask);
    if (from !== undefined && from >= edge.receivedBefore.getTime()) return recent;
    const { after, names, type } = ask;
    const latest = { count: most, after: after && { ...after, at: new Date(after.at) } };
    const older = await this.archive.events(tx, edge, [person], { names, type, from, to, latest });
    return [...recent, ...older.map(pagedOf)].sort(latestFirst).slice(0, most);
  }
}

async function readRecent(
  tx: Transaction,
  person: number,
  { after, names, type, from, to }: EventsAsk,
  most: number,
  edge: ArchiveEdge,
): Promise<PagedEvent[]> {
  const { rows } = await tx.query<Omit<PagedEvent, 'identity'> & { namespace: string; value: string }>(
    `SELECT e.partition, e.pos::float8 AS pos, e.message_id AS "messageId", e.type, e.name,
       e.occurred_at AS "occurredAt", e.received_at AS "receivedAt", e.source_id AS source, e.properties,
       n.namespace, n.value
     FROM event e JOIN identity_node n ON n.workspace_id = e.workspace_id AND n.node = e.node
     WHERE e.workspace_id = $1 AND e.pos > $11
       AND e.node = ANY(ARRAY(SELECT node FROM identity_node WHERE workspace_id = $1 AND person = $2))
       AND ($3::timestamptz IS NULL OR (e.occurred_at, e.partition, e.pos) < ($3, $4::smallint, $5::bigint))
       AND ($6::text[] IS NULL OR e.name = ANY($6)) AND ($7::text IS NULL OR e.type = $7)
       AND ($8::timestamptz IS NULL OR e.occurred_at >= $8) AND ($9::timestamptz IS NULL OR e.occurred_at < $9)
     ORDER BY e.occurred_at DESC, e.partition DESC, e.pos DESC LIMIT $10`,
    [
      tx.workspaceId,
      person,
      after?.at ?? null,
      after?.partition ?? null,
      after?.pos ?? null,
      names ?? null,
      type ?? null,
      from ?? null,
      to ?? null,
      most,
      edge.pos,
    ],
  );
  return rows.map(({ namespace, value, ...event }) => ({ ...event, identity: { namespace, value } }));
}

/** The bounds in Unix milliseconds: of events' times, which have no smaller parts, the same are within. */
async function instantsOf(tx: Transaction, { from, to }: EventsAsk): Promise<{ from?: number; to?: number }> {
  if (from === undefined && to === undefined) return {};
  const { rows } = await tx.query<{ from: number | null; to: number | null }>(
    `SELECT ceil(extract(epoch FROM $1::timestamptz) * 1000)::float8 AS from,
       ceil(extract(epoch FROM $2::timestamptz) * 1000)::float8 AS to`,
    [from ?? null, to ?? null],
  );
  return { from: rows[0]?.from ?? undefined, to: rows[0]?.to ?? undefined };
}

const latestFirst = (a: PagedEvent, b: PagedEvent): number =>
  b.occurredAt.getTime() - a.occurredAt.getTime() || b.partition - a.partition || b.pos - a.pos;

const pagedOf = ({
  person: _person,
  context: _context,
  sourceId: source,
  ...event
}: ArchivedEvent): PagedEvent => ({ ...event, source });
