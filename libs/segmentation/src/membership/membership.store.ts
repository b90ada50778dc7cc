import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';

/** Why somebody entered or left. */
export type MembershipCause =
  | { kind: 'evaluation'; evaluationId: string }
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
  async apply(tx: Transaction, change: MembershipChange): Promise<AppliedChange> {
    // The audience's row first, always: two writers of one audience queue here and cannot deadlock on its members.
    await tx.query('SELECT FROM audience WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE', [
      tx.workspaceId,
      change.audienceId,
    ]);
    const entered = change.entered.length > 0 ? await this.write(tx, ENTER, change.entered, change) : 0;
    const exited = change.exited.length > 0 ? await this.write(tx, EXIT, change.exited, change) : 0;
    if (entered !== exited) {
      await tx.query('UPDATE audience SET members = members + $3 WHERE workspace_id = $1 AND id = $2', [
        tx.workspaceId,
        change.audienceId,
        entered - exited,
      ]);
    }
    return { entered, exited };
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

  private async write(
    tx: Transaction,
    statement: string,
    persons: readonly number[],
    change: MembershipChange,
  ): Promise<number> {
    const { rowCount } = await tx.query(statement, [
      tx.workspaceId,
      change.audienceId,
      persons,
      change.definitionVersion,
      change.at,
      JSON.stringify(change.cause),
    ]);
    return rowCount ?? 0;
  }
}

const DELTA = `INSERT INTO membership_delta
  (workspace_id, audience_id, person, profile_id, op, version, cause, definition_version, at)`;

// Somebody merged into another or erased since the set was computed does not enter.
const ENTER = `
  WITH changed AS (
    INSERT INTO membership AS m (workspace_id, audience_id, person, profile_id, member, version, definition_version, since)
    SELECT $1, $2, person, id, true, 1, $4, $5 FROM profile
    WHERE workspace_id = $1 AND person = ANY($3::int[]) AND state = 'active' ORDER BY person
    ON CONFLICT (workspace_id, audience_id, person) DO UPDATE
      SET member = true, version = m.version + 1, definition_version = $4, since = $5 WHERE NOT m.member
    RETURNING person, profile_id, version)
  ${DELTA} SELECT $1, $2, person, profile_id, 'enter', version, $6, $4, $5 FROM changed`;

const EXIT = `
  WITH changed AS (
    UPDATE membership SET member = false, version = version + 1, definition_version = $4, since = $5
    WHERE workspace_id = $1 AND audience_id = $2 AND person = ANY($3::int[]) AND member
    RETURNING person, profile_id, version)
  ${DELTA} SELECT $1, $2, person, profile_id, 'exit', version, $6, $4, $5 FROM changed`;
