import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';

/** Why somebody entered or left. */
export type MembershipCause =
  | { kind: 'event'; messageId: string }
  | { kind: 'time' }
  /** A group account changed that the person belongs to. */
  | { kind: 'account' }
  /** An uploaded list named the person, or no longer does. */
  | { kind: 'import'; importId: string }
  /** Another source's value of a trait counts, by the workspace's word. */
  | { kind: 'merge-policy'; version: number }
  /** A new or an edited definition's members, found as a set or on the way. */
  | { kind: 'backfill' | 'edit'; evaluationId?: string }
  /** A set evaluation healed what was not as it should have been. */
  | { kind: 'reconciliation'; evaluationId: string }
  /** Items changed that conditions look up. */
  | { kind: 'lookup'; evaluationId: string }
  /** Computed traits that conditions look at were computed as sets. */
  | { kind: 'trait'; evaluationId: string }
  | { kind: 'merge' | 'unmerge'; winner: string; loser: string }
  | { kind: 'erasure' };

export interface MembershipChange {
  audienceId: string;
  /** Who shall be a member; already being one changes nothing. */
  entered: readonly number[];
  /** Who shall be none; not being one changes nothing. */
  exited: readonly number[];
  cause: MembershipCause;
  definitionVersion: number;
  at: Date;
}

/** One person's change in one audience. */
export interface PersonChange {
  audienceId: string;
  person: number;
  member: boolean;
  cause: MembershipCause;
  definitionVersion: number;
}

/** What really changed. */
export interface AppliedChange {
  entered: number;
  exited: number;
}

/**
 * The only writer of membership and its deltas. Each change is idempotent: it states what shall be, and a delta is
 * written only where that was not so. The version of a pair (audience, person) is stamped under that row's lock.
 */
@Injectable()
export class MembershipStore {
  /** Call with small lists: the transaction should stay under 200 ms. */
  apply(tx: Transaction, change: MembershipChange): Promise<AppliedChange> {
    const { audienceId, entered, exited, cause, definitionVersion, at } = change;
    const changes = (persons: readonly number[], member: boolean): PersonChange[] =>
      [...new Set(persons)].map((person) => ({ audienceId, person, member, cause, definitionVersion }));
    return this.applyMany(tx, [...changes(exited, false), ...changes(entered, true)], at);
  }

  /** Changes of several audiences at once, each person at most once in each. */
  async applyMany(tx: Transaction, changes: readonly PersonChange[], at: Date): Promise<AppliedChange> {
    const done = { entered: 0, exited: 0 };
    if (changes.length === 0) return done;
    const audiences = [...new Set(changes.map((change) => change.audienceId))];
    // In the order of their ids: two writers of the same audiences queue and cannot deadlock.
    tx.send(
      'SELECT FROM audience WHERE workspace_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE',
      [tx.workspaceId, audiences],
    );
    const growth = new Map<string, number>();
    const write = async (member: boolean): Promise<void> => {
      const given = changes.filter((change) => change.member === member);
      if (given.length === 0) return;
      const { rows } = await tx.query<{ audience_id: string }>(member ? ENTER : EXIT, [
        tx.workspaceId,
        given.map((change) => change.audienceId),
        given.map((change) => change.person),
        given.map((change) => change.definitionVersion),
        given.map((change) => JSON.stringify(change.cause)),
        at,
      ]);
      done[member ? 'entered' : 'exited'] += rows.length;
      for (const row of rows)
        growth.set(row.audience_id, (growth.get(row.audience_id) ?? 0) + (member ? 1 : -1));
    };
    await Promise.all([write(false), write(true)]);
    tx.send(
      `UPDATE audience a SET members = members + g.growth
       FROM unnest($2::uuid[], $3::int[]) AS g (id, growth) WHERE a.workspace_id = $1 AND a.id = g.id AND g.growth <> 0`,
      [tx.workspaceId, [...growth.keys()], [...growth.values()]],
    );
    return done;
  }

  /** Of which audiences some persons are members: person -> audience ids. */
  async membershipsOf(tx: Transaction, persons: readonly number[]): Promise<Map<number, Set<string>>> {
    const { rows } = await tx.query<{ person: number; audiences: string[] }>(
      `SELECT person, array_agg(audience_id::text) AS audiences FROM membership
       WHERE workspace_id = $1 AND person = ANY($2::int[]) AND member GROUP BY person`,
      [tx.workspaceId, persons],
    );
    return new Map(rows.map((row) => [row.person, new Set(row.audiences)]));
  }

  /** The members of an audience, ascending. */
  async members(tx: Transaction, audienceId: string): Promise<Uint32Array> {
    const { rows } = await tx.query<{ persons: Buffer | null }>(
      `SELECT string_agg(int4send(person), '' ORDER BY person) AS persons
       FROM membership WHERE workspace_id = $1 AND audience_id = $2 AND member`,
      [tx.workspaceId, audienceId],
    );
    const bytes = rows[0]?.persons ?? Buffer.alloc(0);
    return Uint32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readInt32BE(index * 4));
  }

  /** The audiences of which a person is a member. */
  async audiencesOf(
    tx: Transaction,
    person: number,
  ): Promise<{ audienceId: string; definitionVersion: number }[]> {
    const { rows } = await tx.query<{ audienceId: string; definitionVersion: number }>(
      `SELECT m.audience_id AS "audienceId", a.definition_version AS "definitionVersion"
       FROM audience a JOIN membership m ON m.workspace_id = a.workspace_id AND m.audience_id = a.id
       WHERE a.workspace_id = $1 AND m.person = $2 AND m.member ORDER BY 1`,
      [tx.workspaceId, person],
    );
    return rows;
  }

  /** The audiences a person left by becoming part of another, and has not entered since. */
  async audiencesLeftByMerge(
    tx: Transaction,
    person: number,
  ): Promise<{ audienceId: string; definitionVersion: number }[]> {
    const { rows } = await tx.query<{ audienceId: string; definitionVersion: number }>(
      `SELECT m.audience_id AS "audienceId", a.definition_version AS "definitionVersion"
       FROM audience a
       JOIN membership m ON m.workspace_id = a.workspace_id AND m.audience_id = a.id
       JOIN membership_delta d ON d.workspace_id = m.workspace_id AND d.audience_id = m.audience_id
         AND d.person = m.person AND d.version = m.version
       WHERE a.workspace_id = $1 AND a.state = 'active' AND m.person = $2 AND NOT m.member
         AND d.cause->>'kind' = 'merge' ORDER BY 1`,
      [tx.workspaceId, person],
    );
    return rows;
  }
}

const DELTA = `INSERT INTO membership_delta
  (workspace_id, audience_id, person, profile_id, op, version, cause, definition_version, at)`;

const GIVEN = `WITH given AS (
    SELECT * FROM unnest($2::uuid[], $3::int[], $4::int[], $5::jsonb[])
      AS g (audience_id, person, definition_version, cause)),`;

const DELTAS = `${DELTA}
  SELECT $1, c.audience_id, c.person, c.profile_id, `;

const RETURNED = `c.version, given.cause, given.definition_version, $6
  FROM changed c JOIN given USING (audience_id, person) RETURNING audience_id`;

// Somebody merged into another or erased since the answer was found does not enter.
const ENTER = `${GIVEN}
  changed AS (
    INSERT INTO membership AS m (workspace_id, audience_id, person, profile_id, member, version, definition_version, since)
    SELECT $1, given.audience_id, given.person, p.id, true, 1, given.definition_version, $6
    FROM given JOIN profile p ON p.workspace_id = $1 AND p.person = given.person AND p.state = 'active'
    ORDER BY given.audience_id, given.person
    ON CONFLICT (workspace_id, audience_id, person) DO UPDATE
      SET member = true, version = m.version + 1, definition_version = excluded.definition_version, since = excluded.since
      WHERE NOT m.member
    RETURNING audience_id, person, profile_id, version)
  ${DELTAS} 'enter', ${RETURNED}`;

const EXIT = `${GIVEN}
  changed AS (
    UPDATE membership m SET member = false, version = m.version + 1, definition_version = given.definition_version, since = $6
    FROM given
    WHERE m.workspace_id = $1 AND m.audience_id = given.audience_id AND m.person = given.person
      AND m.person = ANY($3::int[]) AND m.member
    RETURNING m.audience_id, m.person, m.profile_id, m.version)
  ${DELTAS} 'exit', ${RETURNED}`;
