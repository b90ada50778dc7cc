import { Injectable } from '@nestjs/common';
import { Transaction } from '@percorso/storage';

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

/** Reads applied events for what is kept up to date as they come. */
@Injectable()
export class EventReader {
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
   */
  async between(
    tx: Transaction,
    partition: number,
    after: number,
    until: number,
    names: readonly string[],
    whose?: { partitions: readonly number[]; of: number },
  ): Promise<PersonEvent[]> {
    const { rows } = await tx.query<EventRow>(
      `SELECT ${COLUMNS}, CASE WHEN e.name = ANY($5::text[]) THEN e.properties END AS properties
       FROM event e JOIN identity_node n ON n.workspace_id = e.workspace_id AND n.node = e.node
       WHERE e.workspace_id = $1 AND e.partition = $2 AND e.pos > $3 AND e.pos <= $4
         ${whose ? 'AND n.person % $6 = ANY($7::int[])' : ''} ORDER BY e.pos`,
      [tx.workspaceId, partition, after, until, names, ...(whose ? [whose.of, whose.partitions] : [])],
    );
    return rows.map(eventOf);
  }

  /** The same of one person, by when they were received. */
  async receivedBy(
    tx: Transaction,
    person: number,
    names: readonly string[],
    until: Date,
  ): Promise<PersonEvent[]> {
    const { rows } = await tx.query<EventRow>(
      `SELECT ${COLUMNS}, e.properties
       FROM identity_node n JOIN event e ON e.workspace_id = n.workspace_id AND e.node = n.node
       WHERE n.workspace_id = $1 AND n.person = $2 AND e.name = ANY($3::text[]) AND e.received_at <= $4
       ORDER BY e.occurred_at, e.pos`,
      [tx.workspaceId, person, names, until],
    );
    return rows.map(eventOf);
  }

  /** All events of `persons` called one of `names`, up to a position, oldest first. */
  async ofPersons(
    tx: Transaction,
    persons: readonly number[],
    names: readonly string[],
    until: number,
  ): Promise<PersonEvent[]> {
    if (persons.length === 0 || names.length === 0) return [];
    const { rows } = await tx.query<EventRow>(
      `SELECT ${COLUMNS}, e.properties
       FROM identity_node n JOIN event e ON e.workspace_id = n.workspace_id AND e.node = n.node
       WHERE n.workspace_id = $1 AND n.person = ANY($2::int[]) AND e.name = ANY($3::text[]) AND e.pos <= $4
       ORDER BY e.occurred_at`,
      [tx.workspaceId, persons, names, until],
    );
    return rows.map(eventOf);
  }
}

const eventOf = ({ properties, pos, ...row }: EventRow): PersonEvent => ({
  ...row,
  pos: Number(pos),
  ...(properties === null ? {} : { properties }),
});
