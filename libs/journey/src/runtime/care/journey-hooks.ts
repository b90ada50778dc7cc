import { Injectable } from '@nestjs/common';
import type {
  Cleared,
  ErasedPerson,
  ErasurePlace,
  OpenErasure,
  PersonHook,
  PersonRef,
  PlaceStep,
} from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import { parseJourney } from '../../definition/parse-journey';
import { mergeInstances } from '../../engine/merge-instances';
import { endInstances } from '../keep/end-instances';
import { COUNT_OVER, reachGoal } from '../keep/goal-window';
import { InstanceStore } from '../keep/instance.store';
import { holdJourneys } from '../../journey/journey-lock';

interface Clash {
  winners: string;
  losers: string;
  /** Of the newer version, as it was written. */
  definition: unknown;
}

const OF_SIMULATIONS =
  'simulation_id = ANY(ARRAY(SELECT id FROM journey_simulation WHERE workspace_id = $1))';
const OF_WORKSPACE = 'journey_id = ANY(ARRAY(SELECT id FROM journey WHERE workspace_id = $1))';

/** Persons come and go while they are on their way: their instances follow inside the same transaction. */
@Injectable()
export class JourneyHooks implements PersonHook {
  constructor(private readonly instances: InstanceStore) {}

  /** The winner goes on with what both were on; where both were on one, the journey's rule says which ends. */
  async merged(
    tx: Transaction,
    pairs: readonly { winner: PersonRef; loser: PersonRef }[],
    now: Date,
  ): Promise<void> {
    if (pairs.length === 0 || !(await anyJourney(tx))) return;
    await holdJourneys(tx);
    for (const { winner, loser } of pairs) {
      for (const clash of await clashes(tx, winner, loser)) await this.settle(tx, clash, now);
      await this.hand(tx, winner, 'i.person = $3', loser.person);
      await endInstances(tx, await outranked(tx, winner), 'outranked', now);
      await tx.query(
        `INSERT INTO journey_past AS p (workspace_id, journey_id, person, key, entered_at)
         SELECT $1, journey_id, $2, key, entered_at FROM journey_past
         WHERE workspace_id = $1 AND ${OF_WORKSPACE} AND person = $3
         ON CONFLICT (workspace_id, journey_id, person, key)
           DO UPDATE SET entered_at = greatest(p.entered_at, excluded.entered_at)`,
        [tx.workspaceId, winner.person, loser.person],
      );
    }
  }

  /** What came from the loser is its own again. */
  async unmerged(tx: Transaction, { winner, loser }: { winner: PersonRef; loser: PersonRef }): Promise<void> {
    if (!(await anyJourney(tx))) return;
    await holdJourneys(tx);
    await this.hand(
      tx,
      loser,
      `i.person = $3 AND i.home IN (SELECT home FROM identity_node WHERE workspace_id = $1 AND person = $2)`,
      winner.person,
    );
  }

  async erased(
    tx: Transaction,
    _persons: readonly PersonRef[],
    now: Date,
    { homes }: ErasedPerson,
  ): Promise<Cleared[]> {
    if (homes.length === 0 || !(await anyJourney(tx))) return [{ place: 'journeys', count: 0 }];
    await holdJourneys(tx);
    return [{ place: 'journeys', count: await forget(tx, homes, now) }];
  }

  private async settle(tx: Transaction, { winners, losers, definition }: Clash, now: Date): Promise<void> {
    const parsed = parseJourney(definition);
    const kept = await this.instances.active(tx, [], [winners, losers]);
    const [one, other] = kept.map(({ instance }) => instance);
    if (!one || !other) return;
    if (!parsed.ok) {
      await endInstances(tx, [losers], 'merged', now);
      return;
    }
    const { goesOn, ended } = mergeInstances(parsed.journey, one, other, now.getTime());
    await endInstances(
      tx,
      ended.map(({ instance }) => instance.id),
      'merged',
      now,
    );
    const before = [one, other].find(({ id }) => id === goesOn?.id);
    if (goesOn && goesOn.goalAt !== null && goesOn.goalAt !== before?.goalAt)
      await reachGoal(tx, goesOn.id, new Date(goesOn.goalAt));
  }

  private async hand(tx: Transaction, to: PersonRef, which: string, from: number): Promise<void> {
    await tx.query(
      `WITH handed AS (
         UPDATE journey_instance i SET person = $2, profile_id = $4, revision = revision + 1
         WHERE i.workspace_id = $1 AND i.${OF_WORKSPACE} AND ${which} RETURNING id
       ) UPDATE journey_wait w SET person = $2 FROM handed WHERE w.workspace_id = $1 AND w.instance_id = handed.id`,
      [tx.workspaceId, to.person, from, to.profileId],
    );
  }
}

/** What a turn that was under way may have left of erased persons is cleared after it. */
@Injectable()
export class JourneyPlace implements ErasurePlace {
  readonly name = 'late-entries';

  async step(tx: Transaction, { persons, requestedAt }: OpenErasure): Promise<PlaceStep> {
    return { count: persons.length === 0 ? 0 : await forget(tx, persons, requestedAt), state: 'done' };
  }
}

async function anyJourney(tx: Transaction): Promise<boolean> {
  const { rowCount } = await tx.query('SELECT FROM journey WHERE workspace_id = $1 LIMIT 1', [
    tx.workspaceId,
  ]);
  return rowCount === 1;
}

/** Journeys that both are on with the same key. */
async function clashes(tx: Transaction, winner: PersonRef, loser: PersonRef): Promise<Clash[]> {
  const { rows } = await tx.query<Clash>(
    `SELECT a.id AS winners, b.id AS losers, v.definition
     FROM journey_instance a
     JOIN journey_instance b ON b.workspace_id = $1 AND b.person = $3 AND b.state = 'active'
       AND b.journey_id = a.journey_id AND coalesce(b.key, '') = coalesce(a.key, '')
     JOIN journey_version v ON v.workspace_id = $1 AND v.journey_id = a.journey_id
       AND v.version = greatest(a.version, b.version)
     WHERE a.workspace_id = $1 AND a.person = $2 AND a.state = 'active'`,
    [tx.workspaceId, winner.person, loser.person],
  );
  return rows;
}

/** Of each group that a person has come to be on several journeys of, those but the first: by priority, then by who entered. */
async function outranked(tx: Transaction, { person }: PersonRef): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT id FROM (
       SELECT i.id, i.journey_id, first_value(i.journey_id) OVER (PARTITION BY v.definition->'group'->>'name'
         ORDER BY (v.definition->'group'->>'priority')::int DESC, i.entered_at, i.id) AS first
       FROM journey_instance i JOIN journey_version v
         ON v.workspace_id = $1 AND v.journey_id = i.journey_id AND v.version = i.version
       WHERE i.workspace_id = $1 AND i.person = $2 AND i.state = 'active' AND v.definition->'group' IS NOT NULL) grouped
     WHERE journey_id <> first ORDER BY id`,
    [tx.workspaceId, person],
  );
  return rows.map(({ id }) => id);
}

async function forget(tx: Transaction, persons: readonly number[], now: Date): Promise<number> {
  const values = [tx.workspaceId, persons];
  const { rows: walking } = await tx.query<{ id: string }>(
    `SELECT id FROM journey_instance WHERE workspace_id = $1 AND ${OF_WORKSPACE} AND state = 'active'
       AND (person = ANY($2::int[]) OR home = ANY($2::int[]))`,
    values,
  );
  // Those who are still on their way are counted as having left.
  await endInstances(
    tx,
    walking.map(({ id }) => id),
    'erased',
    now,
  );
  const { rows } = await tx.query<{ count: number }>(
    `WITH gone AS (
       SELECT id FROM journey_instance WHERE workspace_id = $1 AND ${OF_WORKSPACE}
         AND (person = ANY($2::int[]) OR home = ANY($2::int[]))
     ), traces AS (
       DELETE FROM journey_trace t USING gone WHERE t.workspace_id = $1 AND t.instance_id = gone.id RETURNING 1
     ), instances AS (
       DELETE FROM journey_instance i USING gone WHERE i.workspace_id = $1 AND i.id = gone.id
       RETURNING i.journey_id, i.entered_version, i.holdout, i.goal_at, i.followed
     ), over AS (SELECT * FROM instances WHERE followed), windows AS (
       ${COUNT_OVER}
     ), refusals AS (
       DELETE FROM journey_refusal WHERE workspace_id = $1 AND ${OF_WORKSPACE} AND person = ANY($2::int[]) RETURNING 1
     ), past AS (
       DELETE FROM journey_past WHERE workspace_id = $1 AND ${OF_WORKSPACE} AND person = ANY($2::int[]) RETURNING 1
     ), simulated AS (
       DELETE FROM journey_simulation_instance WHERE workspace_id = $1 AND ${OF_SIMULATIONS}
         AND person = ANY($2::int[]) RETURNING 1
     ), messages AS (
       DELETE FROM journey_simulation_message WHERE workspace_id = $1 AND ${OF_SIMULATIONS}
         AND person = ANY($2::int[]) RETURNING 1
     ), unsimulated AS (
       DELETE FROM journey_simulation_refusal WHERE workspace_id = $1 AND ${OF_SIMULATIONS}
         AND person = ANY($2::int[]) RETURNING 1
     ), requests AS (
       DELETE FROM journey_request WHERE workspace_id = $1 AND person = ANY($2::int[]) RETURNING 1
     ), sayings AS (
       DELETE FROM journey_outbox WHERE workspace_id = $1 AND person = ANY($2::int[]) RETURNING 1
     ), tests AS (
       DELETE FROM journey_test_profile t USING profile p WHERE t.workspace_id = $1 AND p.workspace_id = $1
         AND p.id = t.profile_id AND p.person = ANY($2::int[]) RETURNING 1
     ) SELECT ((SELECT count(*) FROM traces) + (SELECT count(*) FROM instances) + (SELECT count(*) FROM refusals)
         + (SELECT count(*) FROM past) + (SELECT count(*) FROM simulated) + (SELECT count(*) FROM messages)
         + (SELECT count(*) FROM unsimulated) + (SELECT count(*) FROM requests) + (SELECT count(*) FROM sayings)
         + (SELECT count(*) FROM tests))::int AS count`,
    values,
  );
  return rows[0]!.count;
}
