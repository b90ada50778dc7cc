import { Injectable } from '@nestjs/common';
import { decodeCursor, encodeCursor, Page, pageOf } from '@percorso/access';
import { currentPerson } from '@percorso/identity';
import { isId, Problem } from '@percorso/kernel';
import { Database, Transaction } from '@percorso/storage';
import { TimelineEntry, TimelineQuery } from './timeline.dto';

interface Position {
  at: string;
  partition: number;
  pos: number;
}

type Row = Omit<TimelineEntry, 'identity'> & { partition: number; namespace: string; value: string };

// A time without a zone is UTC, wherever PostgreSQL's session is.
const instant = (text: string | undefined): string | null => {
  if (text === undefined) return null;
  return /T.*(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}${text.includes('T') ? '' : 'T00:00:00'}Z`;
};

/** All that happened to a person, in the order it occurred. */
@Injectable()
export class TimelineQueries {
  constructor(private readonly database: Database) {}

  /**
   * The latest first, with the events of everybody merged into the profile; the id of a merged profile shows the
   * profile it is part of.
   */
  page(workspaceId: string, profileId: string, query: TimelineQuery): Promise<Page<TimelineEntry>> {
    const after = query.cursor === undefined ? undefined : decodeCursor<Position>(query.cursor);
    return this.database.tx(workspaceId, async (tx) => {
      const { rows } = await tx.query<Row>(
        `SELECT e.partition, e.pos::float8 AS pos, e.message_id AS "messageId", e.type, e.name,
           e.occurred_at AS "occurredAt", e.received_at AS "receivedAt", e.source_id AS source, e.properties,
           n.namespace, n.value
         FROM event e JOIN identity_node n ON n.workspace_id = e.workspace_id AND n.node = e.node
         WHERE e.workspace_id = $1
           AND e.node = ANY(ARRAY(SELECT node FROM identity_node WHERE workspace_id = $1 AND person = $2))
           AND ($3::timestamptz IS NULL OR (e.occurred_at, e.partition, e.pos) < ($3, $4::smallint, $5::bigint))
           AND ($6::text[] IS NULL OR e.name = ANY($6)) AND ($7::text IS NULL OR e.type = $7)
           AND ($8::timestamptz IS NULL OR e.occurred_at >= $8) AND ($9::timestamptz IS NULL OR e.occurred_at < $9)
         ORDER BY e.occurred_at DESC, e.partition DESC, e.pos DESC LIMIT $10`,
        [
          workspaceId,
          await personOf(tx, profileId),
          after?.at ?? null,
          after?.partition ?? null,
          after?.pos ?? null,
          query.name ?? null,
          query.type ?? null,
          instant(query.from),
          instant(query.to),
          query.limit + 1,
        ],
      );
      return pageOf(
        rows,
        query.limit,
        ({ partition: _partition, namespace, value, ...entry }) => ({
          ...entry,
          identity: { namespace, value },
        }),
        ({ occurredAt, partition, pos }) => encodeCursor({ at: occurredAt.toISOString(), partition, pos }),
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
