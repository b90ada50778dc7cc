import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import { asOccurred } from './event-time';
import { EventArchive, type EventWindow } from './archive/event-archive';
import type { ArchiveEdge } from './archive/event-archive.store';
import { archivedOf, EventReader, type PersonEvent } from './event.reader';

/** The log that the archive is of. */
const LOG_PARTITION = 0;
const EVERYBODY = { partitions: [0], of: 1 };

/** Finds what was received, or occurred, within a time by what it is called, whoever it is of and wherever it is kept: each event once. */
@Injectable()
export class EventSearch {
  /** How much is looked through at once: positions of the log in PostgreSQL, nodes in ClickHouse; how many are read. */
  atOnce = { positions: 200_000, nodes: 200_000, events: 1000, persons: 500 };

  constructor(
    private readonly archive: EventArchive,
    private readonly reader: EventReader,
  ) {}

  /**
   * The persons, as they are today, of events called one of `names`.
   * @throws Problem 503 `older-events-unavailable` when there may be older ones and ClickHouse does not answer
   */
  async persons(tx: Transaction, names: readonly string[], window: EventWindow): Promise<Set<number>> {
    const found = new Set<number>();
    const edge = await this.archive.edge(tx);
    for await (const person of this.olderPersons(tx, edge, names, window)) found.add(person);
    for (const { after, until } of await this.stretches(tx, edge, names, window)) {
      const { rows } = await tx.query<{ person: number }>(
        `SELECT DISTINCT n.person FROM event e
         JOIN identity_node n ON n.workspace_id = e.workspace_id AND n.node = e.node
         WHERE e.workspace_id = $1 AND e.partition = $2 AND e.pos > $3 AND e.pos <= $4 AND e.name = ANY($5::text[])
           AND e.${window.by}_at >= $6 AND e.${window.by}_at < $7`,
        [tx.workspaceId, LOG_PARTITION, after, until, names, window.from, window.until],
      );
      for (const { person } of rows) found.add(person);
    }
    return found;
  }

  /**
   * Events called one of `names`: in the order of the log, or as if each had come when it occurred.
   * @throws Problem 503 `older-events-unavailable` when there may be older ones and ClickHouse does not answer
   */
  async events(tx: Transaction, names: readonly string[], window: EventWindow): Promise<PersonEvent[]> {
    const edge = await this.archive.edge(tx);
    const found = await this.older(tx, edge, names, window);
    for (const { after: first, until } of await this.stretches(tx, edge, names, window)) {
      for (let after = first; ;) {
        const range = { after, until, limit: this.atOnce.events };
        const events = await this.reader.called(tx, LOG_PARTITION, names, range, EVERYBODY);
        found.push(...within(window, events));
        if (events.length < this.atOnce.events) break;
        after = events.at(-1)!.pos;
      }
    }
    return window.by === 'received' ? found : asOccurred(found);
  }

  private async older(
    tx: Transaction,
    edge: ArchiveEdge,
    names: readonly string[],
    window: EventWindow,
  ): Promise<PersonEvent[]> {
    const whose = new Set<number>();
    for await (const person of this.olderPersons(tx, edge, names, window)) whose.add(person);
    const all = [...whose];
    const { from, until, by } = window;
    const time =
      by === 'received'
        ? { receivedFrom: from, receivedBy: until }
        : { from: from.getTime(), to: until.getTime() };
    const found: PersonEvent[][] = [];
    for (let start = 0; start < all.length; start += this.atOnce.persons) {
      const some = all.slice(start, start + this.atOnce.persons);
      const older = await this.archive.events(tx, edge, some, { names, ...time });
      found.push(within(window, older.map(archivedOf)));
    }
    return found.flat().sort((a, b) => a.pos - b.pos);
  }

  /** One may come more than once. */
  private async *olderPersons(
    tx: Transaction,
    edge: ArchiveEdge,
    names: readonly string[],
    window: EventWindow,
  ): AsyncGenerator<number> {
    if (edge.pos === 0 || names.length === 0 || window.from >= edge.receivedBefore) return;
    for (let after = 0; after < edge.node; after += this.atOnce.nodes) {
      const range = { after, until: Math.min(edge.node, after + this.atOnce.nodes) };
      const nodes = await this.archive.nodesCalled(tx, edge, names, window, range);
      const { rows } = await tx.query<{ person: number }>(
        `SELECT DISTINCT n.person FROM unnest($2::int[]) AS called (node)
         JOIN identity_node n ON n.workspace_id = $1 AND n.node = called.node`,
        [tx.workspaceId, [...nodes]],
      );
      for (const { person } of rows) yield person;
    }
  }

  /**
   * Where in PostgreSQL all of a time may stand: positions (after, until], one after the other. What occurred then may have
   * come whenever.
   */
  private async stretches(
    tx: Transaction,
    edge: ArchiveEdge,
    names: readonly string[],
    { from, until, by }: EventWindow,
  ): Promise<{ after: number; until: number }[]> {
    if (names.length === 0) return [];
    const { rows } = await tx.query<{ first: string | null; last: string | null }>(
      `SELECT min(pos) AS first, max(pos) AS last FROM event
       WHERE workspace_id = $1 AND partition = $2 AND pos > $3
         ${by === 'received' ? 'AND received_at >= $4 AND received_at < $5' : ''}`,
      [tx.workspaceId, LOG_PARTITION, edge.pos, ...(by === 'received' ? [from, until] : [])],
    );
    const [first, last] = [Number(rows[0]?.first ?? 1), Number(rows[0]?.last ?? 0)];
    const found: { after: number; until: number }[] = [];
    for (let after = first - 1; after < last; after += this.atOnce.positions)
      found.push({ after, until: Math.min(last, after + this.atOnce.positions) });
    return found;
  }
}

const within = ({ from, until, by }: EventWindow, events: readonly PersonEvent[]): PersonEvent[] =>
  events.filter(({ [`${by}At` as const]: at }) => at >= from && at < until);
