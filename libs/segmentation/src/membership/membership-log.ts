import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import type { MembershipCause } from './membership.store';

export interface LogHead {
  /** A restore starts a new epoch: positions of an older one mean nothing. */
  epoch: number;
  /** Every position up to this one is given and visible. */
  pos: number;
}

export interface MembershipDelta {
  pos: number;
  person: number;
  profileId: string;
  op: 'enter' | 'exit';
  /** Counts entries and exits of this audience and person: odd when entered. */
  version: number;
  at: Date;
  cause: MembershipCause;
  definitionVersion: number;
}

export interface Member {
  person: number;
  profileId: string;
  version: number;
  since: Date;
}

export interface DeltaRange {
  audienceId: string;
  afterPos: number;
  toPos?: number;
  limit: number;
}

export interface MemberRange {
  audienceId: string;
  /** 0 for the first page: persons are numbered from 1. */
  afterPerson: number;
  limit: number;
}

/**
 * How syncs and exports read: take the head, read the members page by page, then the deltas after that head. Deltas
 * that a later page of members already shows come once more; applying them in order gives the same state.
 */
@Injectable()
export class MembershipLog {
  async head(tx: Transaction): Promise<LogHead> {
    const { rows } = await tx.query<{ epoch: number; head: string }>(
      'SELECT epoch, head FROM membership_log WHERE workspace_id = $1',
      [tx.workspaceId],
    );
    return { epoch: rows[0]?.epoch ?? 1, pos: Number(rows[0]?.head ?? 0) };
  }

  /** Deltas of one audience after `afterPos`, in order. */
  async deltas(tx: Transaction, range: DeltaRange): Promise<MembershipDelta[]> {
    const { rows } = await tx.query<
      Omit<MembershipDelta, 'pos' | 'version'> & { pos: string; version: string }
    >(
      `SELECT pos, person, profile_id AS "profileId", op, version, at, cause, definition_version AS "definitionVersion"
       FROM membership_delta
       WHERE workspace_id = $1 AND audience_id = $2 AND pos > $3 AND pos <= $4 ORDER BY pos LIMIT $5`,
      [tx.workspaceId, range.audienceId, range.afterPos, range.toPos ?? Number.MAX_SAFE_INTEGER, range.limit],
    );
    return rows.map((row) => ({ ...row, pos: Number(row.pos), version: Number(row.version) }));
  }

  /** Members after `afterPerson`, by person. */
  async members(tx: Transaction, range: MemberRange): Promise<Member[]> {
    const { rows } = await tx.query<Omit<Member, 'version'> & { version: string }>(
      `SELECT person, profile_id AS "profileId", version, since FROM membership
       WHERE workspace_id = $1 AND audience_id = $2 AND person > $3 AND member ORDER BY person LIMIT $4`,
      [tx.workspaceId, range.audienceId, range.afterPerson, range.limit],
    );
    return rows.map((row) => ({ ...row, version: Number(row.version) }));
  }
}
