import { Injectable } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import { Transaction } from '@percorso/storage';
import { type ArchivedEvent, EventArchive } from './archive/event-archive';

/** An applied event, placed with its person as things stand now. */
export interface PersonEvent {
  person: number;
  pos: number;
  messageId: string;
  name: string;
  occurredAt: Date;
  receivedAt: Date;
  /** As they were sent, see `valueAt`; undefined when they were not asked for. */
  properties?: Record<string, unknown>;
}

interface EventRow {
  person: number;
  pos: string;
  messageId: string;
  name: string;
  occurredAt: Date;
  receivedAt: Date;
  properties: Record<string, unknown> | null;
}

const COLUMNS = `n.person, e.pos, e.message_id AS "messageId", e.name, e.occurred_at AS "occurredAt",
  e.received_at AS "receivedAt"`;

/** Reads applied events for what is kept up to date as they come: of persons all there are, wherever they are kept. */
@Injectable()
export class EventReader {
  constructor(private readonly archive: EventArchive) {}

  /** The position up to which events are applied, and of which this transaction sees all. */
  async applied(tx: Transaction, partition: number): Promise<number> {
    const { rows } = await tx.query<{ applied: string }>(
      'SELECT applied FROM ingest_head WHERE workspace_id = $1 AND partition = $2',
      [tx.workspaceId, partition],
    );
    return Number(rows[0]?.applied ?? 0);
  }

  /**
   * Events at positions (after, until], in that order; the properties of those called one of `names` only.
   * @param whose persons by what is left when their number is divided by `of`; everybody where it is left out
   * @throws Problem 500 `events-archived` where PostgreSQL may not have them all any more
   */
  async between(
    tx: Transaction,
    partition: number,
    after: number,
    until: number,
    names: readonly string[],
    whose?: { partitions: readonly number[]; of: number },
  ): Promise<PersonEvent[]> {
    const [, { rows }] = await Promise.all([
      this.assertRecent(tx, after),
      tx.query<EventRow>(
        `SELECT ${COLUMNS}, CASE WHEN e.name = ANY($5::text[]) THEN e.properties END AS properties
         FROM event e JOIN identity_node n ON n.workspace_id = e.workspace_id AND n.node = e.node
         WHERE e.workspace_id = $1 AND e.partition = $2 AND e.pos > $3 AND e.pos <= $4
           ${whose ? 'AND n.person % $6 = ANY($7::int[])' : ''} ORDER BY e.pos`,
        [tx.workspaceId, partition, after, until, names, ...(whose ? [whose.of, whose.partitions] : [])],
      ),
    ]);
    return rows.map(eventOf);
  }

  /**
   * The first `limit` events called one of `names` at positions (after, until], in that order: each is placed by itself,
   * so that a log that statistics do not know yet is not joined with all nodes there are.
   * @param whose persons by what is left when their number is divided by `of`
   * @throws Problem 500 `events-archived` where PostgreSQL may not have them all any more
   */
  async called(
    tx: Transaction,
    partition: number,
    names: readonly string[],
    { after, until, limit }: { after: number; until: number; limit: number },
    whose: { partitions: readonly number[]; of: number },
  ): Promise<PersonEvent[]> {
    const [, { rows }] = await Promise.all([
      this.assertRecent(tx, after),
      tx.query<EventRow>(
        `SELECT ${COLUMNS}, e.properties
         FROM event e CROSS JOIN LATERAL (SELECT person FROM identity_node
           WHERE workspace_id = e.workspace_id AND node = e.node OFFSET 0) n
         WHERE e.workspace_id = $1 AND e.partition = $2 AND e.pos > $3 AND e.pos <= $4 AND e.name = ANY($5::text[])
           AND n.person % $6 = ANY($7::int[]) ORDER BY e.pos LIMIT $8`,
        [tx.workspaceId, partition, after, until, names, whose.of, whose.partitions, limit],
      ),
    ]);
    return rows.map(eventOf);
  }

  /**
   * Persons with events at positions after `from[i]` up to `until[i]`, where i is what is left when the person's number is
   * divided by how many there are.
   * @throws Problem 500 `events-archived` where PostgreSQL may not have them all any more
   */
  async personsBetween(
    tx: Transaction,
    partition: number,
    from: readonly number[],
    until: readonly number[],
  ): Promise<number[]> {
    const [lowest, highest] = [Math.min(...from), Math.max(...until)];
    const [, { rows }] = await Promise.all([
      this.assertRecent(tx, lowest),
      tx.query<{ person: number }>(
        `SELECT DISTINCT n.person FROM event e
         JOIN identity_node n ON n.workspace_id = e.workspace_id AND n.node = e.node
         WHERE e.workspace_id = $1 AND e.partition = $2 AND e.pos > $3 AND e.pos <= $4
           AND e.pos > ($5::bigint[])[n.person % $7 + 1] AND e.pos <= ($6::bigint[])[n.person % $7 + 1]`,
        [tx.workspaceId, partition, lowest, highest, from, until, from.length],
      ),
    ]);
    return rows.map(({ person }) => person);
  }

  /**
   * Events of one person called one of `names`, by when they were received, oldest first.
   * @throws Problem 503 when there are older ones that ClickHouse does not give
   */
  async receivedBy(
    tx: Transaction,
    person: number,
    names: readonly string[],
    until: Date,
  ): Promise<PersonEvent[]> {
    if (names.length === 0) return [];
    const edge = await this.archive.edge(tx);
    const [older, { rows }] = await Promise.all([
      this.archive.events(tx, edge, [person], { names, receivedBy: until }),
      tx.query<EventRow>(
        `SELECT ${COLUMNS}, e.properties
         FROM identity_node n JOIN event e ON e.workspace_id = n.workspace_id AND e.node = n.node
         WHERE n.workspace_id = $1 AND n.person = $2 AND e.name = ANY($3::text[]) AND e.received_at <= $4
           AND e.pos > $5`,
        [tx.workspaceId, person, names, until, edge.pos],
      ),
    ]);
    return inOrder(older, rows);
  }

  /**
   * All events of `persons` called one of `names`, up to a position, oldest first.
   * @throws Problem 503 when there are older ones that ClickHouse does not give
   */
  async ofPersons(
    tx: Transaction,
    persons: readonly number[],
    names: readonly string[],
    until: number,
  ): Promise<PersonEvent[]> {
    if (persons.length === 0 || names.length === 0) return [];
    const edge = await this.archive.edge(tx);
    const [older, { rows }] = await Promise.all([
      this.archive.events(tx, edge, persons, { names, until }),
      tx.query<EventRow>(
        `SELECT ${COLUMNS}, e.properties
         FROM identity_node n JOIN event e ON e.workspace_id = n.workspace_id AND e.node = n.node
         WHERE n.workspace_id = $1 AND n.person = ANY($2::int[]) AND e.name = ANY($3::text[]) AND e.pos <= $4
           AND e.pos > $5`,
        [tx.workspaceId, persons, names, until, edge.pos],
      ),
    ]);
    return inOrder(older, rows);
  }

  /** Nobody goes on from where PostgreSQL has let go: what follows would be missed. */
  private async assertRecent(tx: Transaction, after: number): Promise<void> {
    const { pos } = await this.archive.edge(tx);
    if (after >= pos) return;
    throw new Problem({
      status: 500,
      code: 'events-archived',
      title: 'These events are no longer in PostgreSQL',
      detail: `Those up to position ${pos} are read by person, from ClickHouse; those after ${after} were asked for.`,
    });
  }
}

const eventOf = ({ properties, pos, ...row }: EventRow): PersonEvent => ({
  ...row,
  pos: Number(pos),
  ...(properties === null ? {} : { properties }),
});

/** What came earlier is first also among those that occurred at one time. */
function inOrder(older: readonly ArchivedEvent[], recent: readonly EventRow[]): PersonEvent[] {
  const events = [...older.map(archivedOf), ...recent.map(eventOf)];
  return events.sort((a, b) => a.occurredAt.getTime() - b.occurredAt.getTime() || a.pos - b.pos);
}

export const archivedOf = ({
  person,
  pos,
  messageId,
  name,
  occurredAt,
  receivedAt,
  properties,
}: ArchivedEvent): PersonEvent => ({ person, pos, messageId, name, occurredAt, receivedAt, properties });
