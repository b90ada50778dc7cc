import { Injectable } from '@nestjs/common';
import { Transaction } from '@percorso/storage';
import { asOccurred, type EventTime } from './event-time';
import { EventArchive } from './archive/event-archive';
import { policyRow, ranksOf } from './merge-policy/merge-policy.store';
import { type PastEvent, PastProfile } from './past-profile';
import { ProfileReader, type ProfileValues } from './profile.reader';

/** Profiles as they were, told again from the events that had come by then. */
@Injectable()
export class ProfileHistory {
  constructor(
    private readonly reader: ProfileReader,
    private readonly archive: EventArchive,
  ) {}

  /**
   * Those of `persons` that live, by all that was received until a moment; or by all that occurred until then, as if each
   * event had come when it did.
   * @throws Problem 503 when there are older events that ClickHouse does not give
   */
  async pasts(
    tx: Transaction,
    persons: readonly number[],
    until: Date,
    by: EventTime = 'received',
  ): Promise<Map<number, PastProfile>> {
    const [values, documents] = [
      await this.reader.values(tx, persons, { identities: true, accounts: true }),
      await this.reader.documents(tx, persons),
    ];
    const living = [...documents.keys()].filter((person) => values.has(person));
    const said = new Map(living.map((person): [number, PastEvent[]] => [person, []]));
    for (const event of await this.said(tx, living, until, by)) said.get(event.person)!.push(event);
    const { policy } = await policyRow(tx, until);
    const ranks = await ranksOf(tx, policy);
    return new Map(
      [...said].map(([person, events]) => {
        const today = { values: values.get(person)!, document: documents.get(person)! };
        return [person, new PastProfile(today, events, ranks)];
      }),
    );
  }

  /**
   * What conditions look at of those of `persons` that live, by what had been received until a moment; their identities
   * and accounts are today's.
   * @throws Problem 503 when there are older events that ClickHouse does not give
   */
  async values(
    tx: Transaction,
    persons: readonly number[],
    until: Date,
  ): Promise<Map<number, ProfileValues>> {
    const pasts = await this.pasts(tx, persons, until);
    return new Map([...pasts].map(([person, past]) => [person, past.valuesAt(until.getTime())]));
  }

  /** In the order of the log, or in that of time. */
  private async said(
    tx: Transaction,
    persons: readonly number[],
    until: Date,
    by: EventTime,
  ): Promise<PastEvent[]> {
    const edge = await this.archive.edge(tx);
    const ask = by === 'received' ? { receivedBy: until } : { to: until.getTime() + 1 };
    const [older, recent] = await Promise.all([
      this.archive.events(tx, edge, persons, ask),
      tx.query<Omit<PastEvent, 'pos'> & { pos: string }>(
        `SELECT n.person, e.pos, e.message_id AS "messageId", e.type, e.name, e.source_id AS "sourceId",
           e.occurred_at AS "occurredAt", e.received_at AS "receivedAt", e.properties, e.context
         FROM identity_node n JOIN event e ON e.workspace_id = n.workspace_id AND e.node = n.node
         WHERE n.workspace_id = $1 AND n.person = ANY($2::int[]) AND e.${by}_at <= $3 AND e.pos > $4 ORDER BY e.pos`,
        [tx.workspaceId, persons, until, edge.pos],
      ),
    ]);
    const events = [
      ...older.sort((a, b) => a.pos - b.pos).map((event): PastEvent => ({ ...event, type: typeOf(event) })),
      ...recent.rows.map((event) => ({ ...event, pos: Number(event.pos) })),
    ];
    return by === 'received' ? events : asOccurred(events);
  }
}

const typeOf = ({ type }: { type: string }): PastEvent['type'] => type as PastEvent['type'];
