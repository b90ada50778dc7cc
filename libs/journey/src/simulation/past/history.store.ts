import { Injectable } from '@nestjs/common';
import type { EffectState } from '@percorso/delivery';
import type { PastEvent } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import { visitKey } from '../../engine/visit-key';
import { outcomeOf } from '../../runtime/intake/effect-outcome';
import { causeOf } from '../../runtime/intake/membership-cause';
import type { KnownMemberships } from './past-memberships';
import type { PastChange, PastRequest, RecordedInstance, RecordedMessage } from './simulated-person';

interface ChangeRow {
  person: number;
  audienceId: string;
  op: PastChange['op'];
  at: Date;
  cause: string;
}

interface InstanceRow {
  id: string;
  person: number;
  key: string | null;
  enteredAt: Date;
  entry: { kind: string; context?: Record<string, unknown> };
}

interface EffectRow {
  key: string;
  state: EffectState;
  code: string | null;
  response: unknown;
  at: Date;
  endedAt: Date;
}

/** How persons really walked the journey. */
export interface Recorded {
  instances: RecordedInstance[];
  requests: PastRequest[];
  /** When reads brought it. */
  brought: number[];
}

/** Rows of one statement. */
const PAGE = 50_000;

/** Reads what is kept of the past beside events. */
@Injectable()
export class HistoryStore {
  /** Members of audiences today, and what changed since a moment. @throws TooMany */
  async memberships(
    tx: Transaction,
    audiences: readonly string[],
    from: Date,
    most: number,
  ): Promise<KnownMemberships> {
    const members = new Map<string, Int32Array>();
    for (const id of audiences) members.set(id, await this.members(tx, id));
    return { members, changes: await this.changes(tx, audiences, from, most) };
  }

  /** When evaluations of audiences ended, from `from` until before `until`, the earliest first. */
  async evaluations(
    tx: Transaction,
    audiences: readonly string[],
    from: Date,
    until: Date,
  ): Promise<Map<string, number[]>> {
    const { rows } = await tx.query<{ audienceId: string; at: Date }>(
      `SELECT audience_id AS "audienceId", ended_at AS at FROM evaluation
       WHERE workspace_id = $1 AND audience_id = ANY($2::uuid[]) AND state = 'done' AND ended_at >= $3 AND ended_at < $4
       ORDER BY ended_at`,
      [tx.workspaceId, audiences, from, until],
    );
    const ended = new Map<string, number[]>();
    for (const { audienceId, at } of rows)
      ended.set(audienceId, [...(ended.get(audienceId) ?? []), at.getTime()]);
    return ended;
  }

  /** Whether a journey was there at a moment. */
  async existed(tx: Transaction, journeyId: string, at: Date): Promise<boolean> {
    const { rowCount } = await tx.query(
      'SELECT FROM journey WHERE workspace_id = $1 AND id = $2 AND created_at < $3',
      [tx.workspaceId, journeyId, at],
    );
    return rowCount === 1;
  }

  /** Persons that the API, or another journey, had enter. */
  async requested(tx: Transaction, journeyId: string, from: Date, until: Date): Promise<number[]> {
    const { rows } = await tx.query<{ person: number }>(
      `SELECT DISTINCT person FROM journey_instance
       WHERE workspace_id = $1 AND journey_id = $2 AND entered_at >= $3 AND entered_at < $4
         AND entry->>'kind' IN ('api', 'jump')`,
      [tx.workspaceId, journeyId, from, until],
    );
    return rows.map(({ person }) => person);
  }

  /** @param reports what was received of each person that names an effect */
  async recorded(
    tx: Transaction,
    journeyId: string,
    persons: readonly number[],
    window: { from: Date; until: Date },
    reports: (person: number, key: string) => readonly PastEvent[],
  ): Promise<Map<number, Recorded>> {
    const { rows } = await tx.query<InstanceRow>(
      `SELECT id, person, key, entered_at AS "enteredAt", entry FROM journey_instance
       WHERE workspace_id = $1 AND journey_id = $2 AND person = ANY($3::int[]) AND entered_at >= $4 AND entered_at < $5
       ORDER BY entered_at, id`,
      [tx.workspaceId, journeyId, persons, window.from, window.until],
    );
    const messages = await this.messages(tx, rows, reports);
    const found = new Map<number, Recorded>();
    for (const { id, person, key, enteredAt, entry } of rows) {
      const own = found.get(person) ?? { instances: [], requests: [], brought: [] };
      found.set(person, own);
      const at = enteredAt.getTime();
      own.instances.push({ id, key, enteredAt: at, messages: messages.get(id) ?? [] });
      if (entry.kind === 'api' || entry.kind === 'jump')
        own.requests.push({ at, kind: entry.kind, key, context: entry.context ?? {} });
      else own.brought.push(at);
    }
    return found;
  }

  private async members(tx: Transaction, audienceId: string): Promise<Int32Array> {
    const found: Int32Array[] = [];
    for (let after = -1; ;) {
      const { rows } = await tx.query<{ person: number }>(
        `SELECT person FROM membership WHERE workspace_id = $1 AND audience_id = $2 AND person > $3 AND member
         ORDER BY person LIMIT ${PAGE}`,
        [tx.workspaceId, audienceId, after],
      );
      found.push(Int32Array.from(rows, ({ person }) => person));
      if (rows.length < PAGE) break;
      after = rows.at(-1)!.person;
    }
    const all = new Int32Array(found.reduce((sum, { length }) => sum + length, 0));
    let place = 0;
    for (const part of found) {
      all.set(part, place);
      place += part.length;
    }
    return all;
  }

  /** Who has become another person since is that one. */
  private async changes(
    tx: Transaction,
    audiences: readonly string[],
    from: Date,
    most: number,
  ): Promise<Map<number, PastChange[]>> {
    const changes = new Map<number, PastChange[]>();
    if (audiences.length === 0) return changes;
    const before = await tx.query<{ pos: string }>(
      `SELECT pos FROM membership_delta WHERE workspace_id = $1 AND pos IS NOT NULL AND at < $2 ORDER BY pos DESC LIMIT 1`,
      [tx.workspaceId, from],
    );
    let after = before.rows[0]?.pos ?? '0';
    for (let count = 0; ;) {
      const { rows } = await tx.query<ChangeRow & { pos: string }>(
        `SELECT d.pos, coalesce(node.person, d.person) AS person, d.audience_id AS "audienceId", d.op, d.at,
           d.cause->>'kind' AS cause
         FROM membership_delta d
         LEFT JOIN identity_node node ON node.workspace_id = d.workspace_id AND node.node = d.person
         WHERE d.workspace_id = $1 AND d.pos > $2 AND d.audience_id = ANY($3::uuid[]) ORDER BY d.pos LIMIT ${PAGE}`,
        [tx.workspaceId, after, audiences],
      );
      for (const row of rows) {
        const own = changes.get(row.person);
        if (own) own.push(changeOf(row));
        else changes.set(row.person, [changeOf(row)]);
      }
      count += rows.length;
      if (count > most) throw new TooMany();
      if (rows.length < PAGE) return changes;
      after = rows.at(-1)!.pos;
    }
  }

  /** By instance, in the order in which they were sent. */
  private async messages(
    tx: Transaction,
    instances: readonly InstanceRow[],
    reports: (person: number, key: string) => readonly PastEvent[],
  ): Promise<Map<string, RecordedMessage[]>> {
    const { rows: visits } = await tx.query<{ id: string; visit: number; step: string }>(
      `SELECT instance_id AS id, visit, step FROM journey_trace
       WHERE workspace_id = $1 AND instance_id = ANY($2::uuid[]) AND visit > 0 AND what IN ('passed', 'entered')
       ORDER BY instance_id, n`,
      [tx.workspaceId, instances.map(({ id }) => id)],
    );
    const { rows: effects } = await tx.query<EffectRow>(
      `SELECT key, state, reason_code AS code, response, coalesce(changed_at, created_at) AS at, updated_at AS "endedAt"
       FROM effect WHERE workspace_id = $1 AND key = ANY($2::text[])`,
      [tx.workspaceId, visits.map(({ id, visit }) => visitKey({ id }, visit))],
    );
    const byKey = new Map(effects.map((effect) => [effect.key, effect]));
    const persons = new Map(instances.map(({ id, person }) => [id, person]));
    const found = new Map<string, RecordedMessage[]>();
    for (const { id, visit, step } of visits) {
      const key = visitKey({ id }, visit);
      const effect = byKey.get(key);
      if (!effect) continue;
      const message = messageOf(effect, step, visit, reports(persons.get(id)!, key));
      found.set(id, [...(found.get(id) ?? []), message]);
    }
    return found;
  }
}

/** There is more than a simulation can hold. */
export class TooMany extends Error {
  override readonly name = 'TooMany';
}

const changeOf = ({ audienceId, op, at, cause }: ChangeRow): PastChange => ({
  ...{ audienceId, op, at: at.getTime() },
  ...causeOf(cause),
});

function messageOf(
  { state, code, response, at, endedAt }: EffectRow,
  step: string,
  visit: number,
  reports: readonly PastEvent[],
): RecordedMessage {
  const open = state === 'pending' || state === 'sending';
  return {
    ...{ step, visit, at: at.getTime(), reports },
    ...(!open && { end: { at: endedAt.getTime(), outcome: outcomeOf(state, code, response) } }),
  };
}
