import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import { AccountWakeStore } from '../stream/account-wake.store';
import type { MemberFacts } from '../stream/profile-answer';

/** Whether a person satisfies a condition, and the accounts it belongs to. */
export interface Said {
  condition: number;
  person: number;
  holds: boolean;
  groups: readonly string[];
}

/** A row that came or went. */
export interface Changed {
  condition: number;
  account: string;
  person: number;
  entered: boolean;
}

/** Locks that all accounts of a workspace share: few, for a turn may need all of them. */
const LOCKS = 64;

/** Who satisfies what audiences ask of the members of accounts. */
@Injectable()
export class MemberMatchStore {
  constructor(private readonly accounts: AccountWakeStore) {}

  /** Write down what was found out of persons; the rows that came or went. */
  async save(tx: Transaction, said: readonly Said[]): Promise<Changed[]> {
    if (said.length === 0) return [];
    const wanted = said
      .filter(({ holds }) => holds)
      .flatMap(({ condition, person, groups }) => groups.map((account) => ({ condition, account, person })));
    const { rows } = await tx.query<Changed>(
      `WITH said AS (SELECT * FROM unnest($2::int[], $3::int[]) AS s (condition_id, person)),
         wanted AS (
           SELECT DISTINCT * FROM unnest($4::int[], $5::text[], $6::int[]) AS w (condition_id, account_id, person)),
         gone AS (
           DELETE FROM member_match m USING said s
           WHERE m.workspace_id = $1 AND m.person = s.person AND m.condition_id = s.condition_id
             AND NOT EXISTS (SELECT FROM wanted w
               WHERE w.condition_id = m.condition_id AND w.account_id = m.account_id AND w.person = m.person)
           RETURNING m.condition_id, m.account_id, m.person),
         added AS (
           INSERT INTO member_match (workspace_id, condition_id, account_id, person)
           SELECT $1, condition_id, account_id, person FROM wanted ON CONFLICT DO NOTHING
           RETURNING condition_id, account_id, person)
       SELECT condition_id AS condition, account_id AS account, person, true AS entered FROM added
       UNION ALL SELECT condition_id, account_id, person, false FROM gone`,
      [
        tx.workspaceId,
        said.map(({ condition }) => condition),
        said.map(({ person }) => person),
        wanted.map(({ condition }) => condition),
        wanted.map(({ account }) => account),
        wanted.map(({ person }) => person),
      ],
    );
    return rows;
  }

  /**
   * Wake the members of accounts to whom rows that came or went make a difference: the first that came, the last that
   * went, and the second where a condition leaves the profile itself out.
   */
  async wake(
    tx: Transaction,
    changed: readonly Changed[],
    others: (condition: number) => boolean,
    now: Date,
  ): Promise<void> {
    const places = new Map<string, { condition: number; account: string; came: number; went: number }>();
    for (const { condition, account, entered } of changed) {
      const key = `${condition} ${account}`;
      const place = places.get(key) ?? { condition, account, came: 0, went: 0 };
      places.set(key, place);
      if (entered) place.came += 1;
      else place.went += 1;
    }
    if (places.size === 0) return;
    const asked = [...places.values()];
    await this.hold(
      tx,
      asked.map(({ account }) => account),
    );
    // Where more are there than came and one, there were two before, whatever the number is.
    const { rows } = await tx.query<{ now: number }>(
      `SELECT (SELECT count(*)::int FROM (SELECT FROM member_match m WHERE m.workspace_id = $1
           AND m.condition_id = p.condition_id AND m.account_id = p.account_id LIMIT p.came + 2) AS found) AS now
       FROM unnest($2::int[], $3::text[], $4::int[]) WITH ORDINALITY AS p (condition_id, account_id, came, place)
       ORDER BY p.place`,
      [
        tx.workspaceId,
        asked.map(({ condition }) => condition),
        asked.map(({ account }) => account),
        asked.map(({ came }) => came),
      ],
    );
    const woken = asked.filter(({ condition, came, went }, index) => {
      const after = rows[index]!.now;
      return Math.min(after, after - came + went) <= (others(condition) ? 1 : 0);
    });
    await this.accounts.membersChanged(tx, [...new Set(woken.map(({ account }) => account))], now);
  }

  /** Forget persons who are gone or part of others now; the rows that went. */
  async remove(tx: Transaction, persons: readonly number[]): Promise<Changed[]> {
    if (persons.length === 0) return [];
    const { rows } = await tx.query<Changed>(
      `DELETE FROM member_match WHERE workspace_id = $1 AND person = ANY($2::int[])
       RETURNING condition_id AS condition, account_id AS account, person, false AS entered`,
      [tx.workspaceId, persons],
    );
    return rows;
  }

  /** The same where no turn can be under way; how many rows that were. */
  async forget(tx: Transaction, persons: readonly number[], now: Date): Promise<number> {
    const gone = await this.remove(tx, persons);
    await this.accounts.membersChanged(tx, [...new Set(gone.map(({ account }) => account))], now);
    return gone.length;
  }

  /** Of two turns that change one account the second sees what the first did before it looks for the last row. */
  private async hold(tx: Transaction, accounts: readonly string[]): Promise<void> {
    await tx.query(
      `SELECT pg_advisory_xact_lock(hashtextextended($1 || place, 0)) FROM (
         SELECT DISTINCT (hashtextextended(account, 0) & ${LOCKS - 1})::text AS place
         FROM unnest($2::text[]) AS account ORDER BY place) AS places`,
      [`percorso:member:${tx.workspaceId}:`, accounts],
    );
  }

  /** Which of `accounts` have members that satisfy which of `conditions`. */
  async facts(
    tx: Transaction,
    conditions: readonly number[],
    accounts: readonly string[],
  ): Promise<MemberFacts> {
    if (conditions.length === 0 || accounts.length === 0) return NOBODY;
    // Of two members one is another than whoever asks.
    const { rows } = await tx.query<{ condition: number; account: string; members: number[] }>(
      `SELECT c.id AS condition, a.id AS account, f.members
       FROM unnest($2::int[]) AS c (id) CROSS JOIN unnest($3::text[]) AS a (id)
       CROSS JOIN LATERAL (SELECT array_agg(person) AS members FROM (
         SELECT person FROM member_match m WHERE m.workspace_id = $1 AND m.condition_id = c.id
           AND m.account_id = a.id LIMIT 2) AS two) AS f
       WHERE f.members IS NOT NULL`,
      [tx.workspaceId, conditions, accounts],
    );
    const found = new Map(rows.map((row) => [`${row.condition} ${row.account}`, row.members]));
    return {
      has: (condition, account, except) =>
        (found.get(`${condition} ${account}`) ?? []).some((member) => member !== except),
    };
  }

  /** Persons who have rows, and those of them who have one for each of their accounts and no other; ascending. */
  async persons(tx: Transaction, condition: number): Promise<{ all: Uint32Array; whole: Uint32Array }> {
    const { rows } = await tx.query<{ all: number[] | null; whole: number[] | null }>(
      `SELECT array_agg(person ORDER BY person) AS "all",
         array_agg(person ORDER BY person) FILTER (WHERE accounts <@ groups AND groups <@ accounts) AS whole
       FROM (
         SELECT m.person, array_agg(m.account_id) AS accounts, p.groups FROM member_match m
         LEFT JOIN profile p ON p.workspace_id = $1 AND p.person = m.person AND p.state = 'active'
         WHERE m.workspace_id = $1 AND m.condition_id = $2 GROUP BY m.person, p.groups) AS kept`,
      [tx.workspaceId, condition],
    );
    const { all, whole } = rows[0]!;
    return { all: Uint32Array.from(all ?? []), whole: Uint32Array.from(whole ?? []) };
  }
}

/** Of no account. */
export const NOBODY: MemberFacts = { has: () => false };
