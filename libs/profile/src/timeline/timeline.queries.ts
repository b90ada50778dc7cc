import { Injectable } from '@nestjs/common';
import { Page, readPage } from '@percorso/access';
import { currentPerson } from '@percorso/identity';
import { isId, Problem } from '@percorso/kernel';
import { Database, Transaction } from '@percorso/storage';
import { type EventPosition, EventPages } from '../archive/event-pages';
import { TimelineEntry, TimelineQuery } from './timeline.dto';

// A time without a zone is UTC, wherever PostgreSQL's session is.
const instant = (text: string | undefined): string | undefined => {
  if (text === undefined) return undefined;
  return /T.*(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}${text.includes('T') ? '' : 'T00:00:00'}Z`;
};

/** All that happened to a person, in the order it occurred. */
@Injectable()
export class TimelineQueries {
  constructor(
    private readonly database: Database,
    private readonly events: EventPages,
  ) {}

  /**
   * The latest first, with the events of everybody merged into the profile; the id of a merged profile shows the
   * profile it is part of.
   */
  page(workspaceId: string, profileId: string, query: TimelineQuery): Promise<Page<TimelineEntry>> {
    const ask = { names: query.name, type: query.type, from: instant(query.from), to: instant(query.to) };
    return this.database.tx(workspaceId, async (tx) => {
      const person = await personOf(tx, profileId);
      return readPage(
        query,
        (after: EventPosition | undefined, most) => this.events.page(tx, person, { after, ...ask }, most),
        ({ occurredAt, partition, pos }) => ({ at: occurredAt.toISOString(), partition, pos }),
        ({ partition: _partition, ...entry }) => entry,
      );
    });
  }
}

async function personOf(tx: Transaction, profileId: string): Promise<number> {
  const { rows } = isId(profileId)
    ? await tx.query<{ person: number }>('SELECT person FROM profile WHERE workspace_id = $1 AND id = $2', [
        tx.workspaceId,
        profileId,
      ])
    : { rows: [] };
  if (!rows[0]) throw Problem.notFound('Profile');
  return currentPerson(tx, rows[0].person);
}
