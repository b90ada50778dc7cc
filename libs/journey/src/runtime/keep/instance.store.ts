import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import { dueOf, followedUntil } from '../../engine/advance';
import type { Instance } from '../../engine/instance';
import { storableJson } from './storable-json';

/** An instance as it is kept. */
export interface KeptInstance {
  instance: Instance;
  /** Rises with every change. */
  revision: string;
  /** Lines of its trace so far. */
  traced: number;
  /** By how much its waits have been moved for pauses of the journey. */
  pausedMs: number;
  /** The version that it entered, whichever it walks now. */
  enteredVersion: number;
}

interface Row extends Omit<Instance, 'enteredAt' | 'endedAt' | 'goalUntil' | 'goalAt'> {
  enteredAt: Date;
  endedAt: Date | null;
  goalUntil: Date | null;
  goalAt: Date | null;
  revision: string;
  traced: number;
  pausedMs: string;
  enteredVersion: number;
}

const COLUMNS = `i.id, i.journey_id AS "journeyId", i.version, i.person, i.profile_id AS "profileId", i.key, i.state,
  i.end_reason AS "endReason", i.entered_at AS "enteredAt", i.ended_at AS "endedAt", i.goal_until AS "goalUntil",
  i.goal_at AS "goalAt", i.holdout, i.speed, i.entry, i.context, i.tokens, i.visits, i.sent, i.reacted, i.revision, i.traced,
  i.paused_ms AS "pausedMs", i.entered_version AS "enteredVersion"`;

/**
 * The instance of a row of `table`, to be joined: found for each row by its id, never the other way round, whatever
 * statistics say of a table that is mostly empty.
 */
export const instanceOf = (table: string): string =>
  `LATERAL (SELECT person FROM journey_instance
    WHERE workspace_id = ${table}.workspace_id AND id = ${table}.instance_id OFFSET 0)`;

/** Somebody who was inside before. */
export interface LastEntry {
  journeyId: string;
  person: number;
  key: string | null;
  enteredAt: Date;
}

/** A token whose time will come; the visit 0: the end of the time that one that is held out is followed. */
interface WaitRow {
  instanceId: string;
  visit: number;
  person: number;
  dueAt: number;
}

@Injectable()
export class InstanceStore {
  /** Those on their way: of these persons, and with these ids. */
  async active(tx: Transaction, persons: readonly number[], ids: readonly string[]): Promise<KeptInstance[]> {
    const { rows } = await tx.query<Row>(
      `SELECT ${COLUMNS} FROM journey_instance i
       WHERE i.workspace_id = $1 AND i.state = 'active' AND i.person = ANY($2::int[])
       UNION ALL
       SELECT ${COLUMNS} FROM journey_instance i
       WHERE i.workspace_id = $1 AND i.state = 'active' AND i.id = ANY($3::uuid[]) AND i.person <> ALL($2::int[])`,
      [tx.workspaceId, persons, ids],
    );
    return rows.map(keptOf);
  }

  /** Those of these persons that have left one of these journeys and may still reach its goal. */
  async followed(
    tx: Transaction,
    { persons, journeys }: { persons: readonly number[]; journeys: readonly string[] },
  ): Promise<KeptInstance[]> {
    if (persons.length === 0) return [];
    const { rows } = await tx.query<Row>(
      `SELECT ${COLUMNS} FROM journey_instance i
       WHERE i.workspace_id = $1 AND i.followed AND i.state = 'ended' AND i.goal_at IS NULL AND i.person = ANY($2::int[])
         AND i.journey_id = ANY($3::uuid[])`,
      [tx.workspaceId, persons, journeys],
    );
    return rows.map(keptOf);
  }

  /** Persons with a wait that is due, the longest due first. */
  async due(
    tx: Transaction,
    { partitions, of }: { partitions: readonly number[]; of: number },
    until: Date,
    limit: number,
  ): Promise<{ persons: number[]; count: number; oldest?: Date }> {
    const all = partitions.length === of;
    const { rows } = await tx.query<{ person: number; dueAt: Date }>(
      `SELECT person, due_at AS "dueAt" FROM journey_wait
       WHERE workspace_id = $1 AND due_at <= $2 ${all ? '' : 'AND person % $4 = ANY($5::int[])'}
       ORDER BY due_at LIMIT $3`,
      [tx.workspaceId, until, limit, ...(all ? [] : [of, partitions])],
    );
    const oldest = rows[0]?.dueAt;
    return {
      persons: [...new Set(rows.map(({ person }) => person))],
      count: rows.length,
      ...(oldest && { oldest }),
    };
  }

  /** Those found due while their journey is paused are not looked for until it goes on. */
  park(tx: Transaction, ids: readonly string[], until: Date): void {
    if (ids.length === 0) return;
    tx.send(
      `UPDATE journey_wait SET parked = true, due_at = NULL
       WHERE workspace_id = $1 AND instance_id = ANY($2::uuid[]) AND due_at <= $3`,
      [tx.workspaceId, ids, until],
    );
  }

  /** Have those looked at again who are on these versions, `limit` at most. @returns how many */
  async unpark(
    tx: Transaction,
    [journeys, versions]: readonly [readonly string[], readonly number[]],
    now: Date,
    limit: number,
  ): Promise<number> {
    const { rowCount } = await tx.query(
      `UPDATE journey_wait w SET parked = false, due_at = $2
       FROM (SELECT p.instance_id, p.visit FROM unnest($4::uuid[], $5::int[]) AS walked (journey_id, version)
         CROSS JOIN LATERAL (SELECT instance_id, visit FROM journey_wait
           WHERE workspace_id = $1 AND parked AND journey_id = walked.journey_id AND version = walked.version
           ORDER BY instance_id LIMIT $3) p LIMIT $3) found
       WHERE w.workspace_id = $1 AND w.instance_id = found.instance_id AND w.visit = found.visit`,
      [tx.workspaceId, now, limit, journeys, versions],
    );
    return rowCount ?? 0;
  }

  /** How many of these persons have a profile. */
  async living(tx: Transaction, persons: readonly number[]): Promise<number> {
    if (persons.length === 0) return 0;
    const { rows } = await tx.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM profile
       WHERE workspace_id = $1 AND person = ANY($2::int[]) AND state = 'active'`,
      [tx.workspaceId, persons],
    );
    return rows[0]!.count;
  }

  /** The ids of their profiles. */
  async profileIds(tx: Transaction, persons: readonly number[]): Promise<Map<number, string>> {
    const { rows } = await tx.query<{ person: number; id: string }>(
      `SELECT person, id FROM profile WHERE workspace_id = $1 AND person = ANY($2::int[]) AND state = 'active'`,
      [tx.workspaceId, persons],
    );
    return new Map(rows.map(({ person, id }) => [person, id]));
  }

  /** When each of these persons entered each journey last, by key. */
  async lastEntries(
    tx: Transaction,
    journeys: readonly string[],
    persons: readonly number[],
  ): Promise<LastEntry[]> {
    if (journeys.length === 0 || persons.length === 0) return [];
    const { rows } = await tx.query<LastEntry>(
      `SELECT journey_id AS "journeyId", person, coalesce(key, '') AS key, max(entered_at) AS "enteredAt" FROM (
         SELECT journey_id, person, key, entered_at FROM journey_instance
           WHERE workspace_id = $1 AND journey_id = ANY($2::uuid[]) AND person = ANY($3::int[])
         UNION ALL SELECT journey_id, person, key, entered_at FROM journey_past
           WHERE workspace_id = $1 AND journey_id = ANY($2::uuid[]) AND person = ANY($3::int[])) entries
       GROUP BY 1, 2, 3`,
      [tx.workspaceId, journeys, persons],
    );
    return rows;
  }

  /** New ones. @returns how many there are now: fewer where somebody is inside already */
  async insert(tx: Transaction, all: readonly KeptInstance[]): Promise<number> {
    if (all.length === 0) return 0;
    const values = columnsOf(all);
    const { rowCount } = await tx.query(
      `INSERT INTO journey_instance (workspace_id, id, journey_id, version, entered_version, person, home, profile_id, key,
         entered_at, holdout, speed, entry, goal_until, followed, ${CHANGING})
       SELECT $1, r.id, r.journey_id, r.version, r.version, r.person, r.person, r.profile_id, r.key, r.entered_at,
         r.holdout, r.speed, r.entry, r.goal_until, r.goal_until IS NOT NULL, ${CHANGING.replaceAll(/(\w+)/g, 'r.$1')}
       FROM unnest($2::uuid[], $3::uuid[], $4::int[], $5::int[], $6::uuid[], $7::text[], $8::timestamptz[], $9::bool[],
           $10::int[], $11::jsonb[], $12::timestamptz[], $13::text[], $14::text[], $15::timestamptz[], $16::timestamptz[],
           $17::jsonb[], $18::jsonb[], $19::int[], $20::jsonb[], $21::jsonb[], $22::int[], $23::bigint[])
         AS r (id, journey_id, version, person, profile_id, key, entered_at, holdout, speed, entry, goal_until, ${CHANGING})
       ON CONFLICT DO NOTHING`,
      [
        tx.workspaceId,
        all.map(({ instance }) => instance.id),
        all.map(({ instance }) => instance.journeyId),
        all.map(({ instance }) => instance.version),
        all.map(({ instance }) => instance.person),
        all.map(({ instance }) => instance.profileId),
        all.map(({ instance }) => instance.key),
        all.map(({ instance }) => new Date(instance.enteredAt)),
        all.map(({ instance }) => instance.holdout),
        all.map(({ instance }) => instance.speed),
        all.map(({ instance }) => storableJson(instance.entry)),
        all.map(({ instance }) => dateOf(instance.goalUntil)),
        ...values,
      ],
    );
    return rowCount ?? 0;
  }

  /** Changed ones. @returns how many still were as they had been read */
  async update(tx: Transaction, all: readonly KeptInstance[]): Promise<number> {
    if (all.length === 0) return 0;
    const { rowCount } = await tx.query(
      `UPDATE journey_instance i SET ${SETTING}, revision = i.revision + 1, version = r.version
       FROM unnest($2::uuid[], $3::bigint[], $4::int[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[],
           $9::jsonb[], $10::jsonb[], $11::int[], $12::jsonb[], $13::jsonb[], $14::int[], $15::bigint[])
         AS r (id, revision, version, ${CHANGING})
       WHERE i.workspace_id = $1 AND i.id = r.id AND i.revision = r.revision`,
      [
        tx.workspaceId,
        all.map(({ instance }) => instance.id),
        all.map(({ revision }) => revision),
        all.map(({ instance }) => instance.version),
        ...columnsOf(all),
      ],
    );
    return rowCount ?? 0;
  }

  /** What instances wait for, instead of what they waited for. */
  keepWaits(tx: Transaction, all: readonly KeptInstance[], known: readonly string[]): void {
    if (known.length > 0) {
      tx.send('DELETE FROM journey_wait WHERE workspace_id = $1 AND instance_id = ANY($2::uuid[])', [
        tx.workspaceId,
        known,
      ]);
    }
    const waits = all.flatMap(({ instance }) => waitsOf(instance));
    if (waits.length === 0) return;
    tx.send(
      `INSERT INTO journey_wait (workspace_id, instance_id, visit, person, due_at)
       SELECT $1, * FROM unnest($2::uuid[], $3::int[], $4::int[], $5::timestamptz[])`,
      [
        tx.workspaceId,
        waits.map(({ instanceId }) => instanceId),
        waits.map(({ visit }) => visit),
        waits.map(({ person }) => person),
        waits.map(({ dueAt }) => new Date(dueAt)),
      ],
    );
  }
}

const CHANGING =
  'state, end_reason, ended_at, goal_at, context, tokens, visits, sent, reacted, traced, paused_ms';
const SETTING = CHANGING.split(', ')
  .map((column) => `${column} = r.${column}`)
  .join(', ');

const columnsOf = (all: readonly KeptInstance[]): unknown[][] => [
  all.map(({ instance }) => instance.state),
  all.map(({ instance }) => instance.endReason),
  all.map(({ instance }) => dateOf(instance.endedAt)),
  all.map(({ instance }) => dateOf(instance.goalAt)),
  all.map(({ instance }) => storableJson(instance.context)),
  all.map(({ instance }) => storableJson(instance.tokens)),
  all.map(({ instance }) => instance.visits),
  all.map(({ instance }) => storableJson(instance.sent)),
  all.map(({ instance }) => storableJson(instance.reacted)),
  all.map(({ traced }) => traced),
  all.map(({ pausedMs }) => pausedMs),
];

const dateOf = (at: number | null): Date | null => (at === null ? null : new Date(at));

function keptOf({ revision, traced, pausedMs, enteredVersion, ...row }: Row): KeptInstance {
  const instance: Instance = {
    ...row,
    enteredAt: row.enteredAt.getTime(),
    endedAt: row.endedAt?.getTime() ?? null,
    goalUntil: row.goalUntil?.getTime() ?? null,
    goalAt: row.goalAt?.getTime() ?? null,
  };
  return { instance, revision, traced, pausedMs: Number(pausedMs), enteredVersion };
}

function waitsOf(instance: Instance): WaitRow[] {
  const { id, person, state, tokens } = instance;
  if (state !== 'active') return [];
  // What has no time of its own is found by its person.
  const waits = tokens.flatMap((token) => {
    const dueAt = dueOf(token);
    return dueAt === null ? [] : [{ instanceId: id, visit: token.visit, person, dueAt }];
  });
  const until = followedUntil(instance);
  return until === Infinity ? waits : [...waits, { instanceId: id, visit: 0, person, dueAt: until }];
}
