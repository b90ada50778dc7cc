import { Injectable } from '@nestjs/common';
import type { ProfilesCause } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import { isEverybody, type Shard } from './shard';

export interface Wake {
  person: number;
  /** Unix milliseconds; Infinity when time changes nothing until the horizon. */
  due: number;
}

const instant = (ms: number): string | null => (ms === Infinity ? null : new Date(ms).toISOString());

/** A person whose moment has come. */
export interface DuePerson {
  person: number;
  /** Why, where it is not by time. */
  cause: WakeCause | null;
}

/** What changed without an event of the person. */
export type WakeCause = { kind: 'account' } | { kind: 'import'; importId: string } | ProfilesCause;

/**
 * When to look at persons to whom nothing happens. Rows exist for moments until the horizon only: what comes later is
 * found by the next sweep, so that persons who wait cost nothing.
 */
@Injectable()
export class WakeStore {
  /** Persons of a shard who are due, the longest waiting first; each is locked until the transaction ends. */
  async due(tx: Transaction, shard: Shard, now: Date, limit: number): Promise<DuePerson[]> {
    const whole = isEverybody(shard);
    const { rows } = await tx.query<DuePerson>(
      `SELECT person, cause FROM profile_wake WHERE workspace_id = $1 AND due_at <= $2
         ${whole ? '' : 'AND person % $4 = ANY($5::int[])'}
       ORDER BY due_at LIMIT $3 FOR UPDATE`,
      [tx.workspaceId, now, limit, ...(whole ? [] : [shard.of, shard.partitions])],
    );
    return rows;
  }

  /** Those whose events are others now, by a merge or an unmerge: state kept of them is void, woken yet or not. */
  async voided(tx: Transaction, persons: readonly number[]): Promise<number[]> {
    const { rows } = await tx.query<{ person: number }>(
      'SELECT person FROM profile_wake WHERE workspace_id = $1 AND person = ANY($2::int[]) AND rebuild',
      [tx.workspaceId, persons],
    );
    return rows.map((row) => row.person);
  }

  /** Wake these no later than their moment. */
  async sooner(tx: Transaction, wakes: readonly Wake[]): Promise<void> {
    const given = wakes.filter((wake) => wake.due !== Infinity);
    if (given.length === 0) return;
    tx.send(
      `INSERT INTO profile_wake AS w (workspace_id, person, due_at)
       SELECT $1, g.person, g.due FROM unnest($2::int[], $3::timestamptz[]) AS g (person, due) ORDER BY g.person
       ON CONFLICT (workspace_id, person) DO UPDATE SET due_at = least(w.due_at, excluded.due_at)
         WHERE w.due_at IS NULL OR w.due_at > excluded.due_at`,
      [tx.workspaceId, given.map((wake) => wake.person), given.map((wake) => instant(wake.due))],
    );
  }

  /** Wake these at once for `cause`. */
  async wake(tx: Transaction, persons: readonly number[], cause: WakeCause, now: Date): Promise<void> {
    if (persons.length === 0) return;
    tx.send(
      `INSERT INTO profile_wake AS w (workspace_id, person, due_at, cause)
       SELECT $1, person, $3, $4 FROM unnest($2::int[]) AS person ORDER BY person
       ON CONFLICT (workspace_id, person) DO UPDATE SET due_at = least(w.due_at, excluded.due_at), cause = excluded.cause`,
      [tx.workspaceId, [...new Set(persons)], now, JSON.stringify(cause)],
    );
  }

  /** Wake these at once: their events are others than before. */
  async rebuild(tx: Transaction, persons: readonly number[], now: Date): Promise<void> {
    tx.send(
      `INSERT INTO profile_wake AS w (workspace_id, person, due_at, rebuild)
       SELECT $1, person, $3, true FROM unnest($2::int[]) AS person ORDER BY person
       ON CONFLICT (workspace_id, person) DO UPDATE SET due_at = least(w.due_at, excluded.due_at), rebuild = true`,
      [tx.workspaceId, [...new Set(persons)], now],
    );
  }

  /** These were looked at now; wake them next at their moment, or not until the horizon. */
  async done(tx: Transaction, wakes: readonly Wake[], now: Date): Promise<void> {
    if (wakes.length === 0) return;
    tx.send(
      `UPDATE profile_wake w SET due_at = g.due, evaluated_at = $4, rebuild = false, cause = NULL
       FROM unnest($2::int[], $3::timestamptz[]) AS g (person, due)
       WHERE w.workspace_id = $1 AND w.person = ANY($2) AND w.person = g.person`,
      [tx.workspaceId, wakes.map((wake) => wake.person), wakes.map((wake) => instant(wake.due)), now],
    );
  }

  /** Those of `persons` who were looked at after a moment. */
  async evaluatedSince(tx: Transaction, persons: readonly number[], since: Date): Promise<number[]> {
    const { rows } = await tx.query<{ person: number }>(
      `SELECT person FROM profile_wake WHERE workspace_id = $1 AND person = ANY($2::int[]) AND evaluated_at > $3`,
      [tx.workspaceId, persons, since],
    );
    return rows.map((row) => row.person);
  }

  /** Forget persons who are gone. */
  async forget(tx: Transaction, persons: readonly number[]): Promise<void> {
    if (persons.length === 0) return;
    tx.send('DELETE FROM profile_wake WHERE workspace_id = $1 AND person = ANY($2::int[])', [
      tx.workspaceId,
      persons,
    ]);
  }

  /** Forget rows that say nothing any more: not due, and looked at before every set still being written. */
  async tidy(tx: Transaction, before: Date): Promise<void> {
    tx.send('DELETE FROM profile_wake WHERE workspace_id = $1 AND due_at IS NULL AND evaluated_at < $2', [
      tx.workspaceId,
      before,
    ]);
  }
}
