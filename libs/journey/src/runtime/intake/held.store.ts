import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import type { VisitOutcome } from '../../engine/protocol';
import { instanceOf } from '../keep/instance.store';
import type { HeldOutcome } from '../walk/turn';
import { isHeld } from '../plan/pause';
import type { JourneyPlan } from '../plan/journey-plan';
import { storableJson } from '../keep/storable-json';

export interface HeldRow {
  n: string;
  person: number;
  arrival: HeldOutcome;
}

/** What became of effects whose steps stay where they are while their journey is paused. */
@Injectable()
export class HeldStore {
  /** What is to be taken up now that its journey goes on. */
  async released(
    tx: Transaction,
    plan: JourneyPlan,
    { partitions, of }: { partitions: readonly number[]; of: number },
    limit: number,
  ): Promise<HeldRow[]> {
    const { rows } = await tx.query<{
      n: string;
      person: number;
      instanceId: string;
      visit: number;
      outcome: VisitOutcome;
      at: Date;
    }>(
      `SELECT h.n, i.person, h.instance_id AS "instanceId", h.visit, h.outcome, h.at
       FROM unnest($2::uuid[], $3::int[]) AS walked (journey_id, version)
       CROSS JOIN LATERAL (SELECT * FROM journey_held
         WHERE workspace_id = $1 AND journey_id = walked.journey_id AND version = walked.version ORDER BY n OFFSET 0) h
       CROSS JOIN ${instanceOf('h')} i
       WHERE i.person % $4 = ANY($5::int[])
       ORDER BY h.n LIMIT $6`,
      [tx.workspaceId, ...goingOn(plan), of, partitions, limit],
    );
    return rows.map(({ n, person, at, ...outcome }) => ({
      n,
      person,
      arrival: { kind: 'outcome', at: at.getTime(), ...outcome },
    }));
  }

  /** Of an instance that was erased meanwhile nothing is kept. */
  add(tx: Transaction, outcomes: readonly HeldOutcome[]): void {
    if (outcomes.length === 0) return;
    tx.send(
      `INSERT INTO journey_held (workspace_id, instance_id, visit, outcome, at)
       SELECT $1, h.* FROM unnest($2::uuid[], $3::int[], $4::jsonb[], $5::timestamptz[]) AS h (instance_id)
       WHERE EXISTS (SELECT FROM journey_instance i WHERE i.workspace_id = $1 AND i.id = h.instance_id)`,
      [
        tx.workspaceId,
        outcomes.map(({ instanceId }) => instanceId),
        outcomes.map(({ visit }) => visit),
        outcomes.map(({ outcome }) => storableJson(outcome)),
        outcomes.map(({ at }) => new Date(at)),
      ],
    );
  }

  remove(tx: Transaction, rows: readonly HeldRow[]): void {
    if (rows.length === 0) return;
    tx.send(
      `DELETE FROM journey_held h USING unnest($2::uuid[], $3::bigint[]) AS d (instance_id, n)
       WHERE h.workspace_id = $1 AND h.instance_id = d.instance_id AND h.n = d.n`,
      [tx.workspaceId, rows.map(({ arrival }) => arrival.instanceId), rows.map(({ n }) => n)],
    );
  }
}

/** Versions on which people move: ids of their journeys, and their numbers. */
export function goingOn({ journeys, versions }: JourneyPlan): [ids: string[], versions: number[]] {
  const walked = [...versions.values()].filter(({ journeyId }) => !isHeld(journeys.get(journeyId)));
  return [walked.map(({ journeyId }) => journeyId), walked.map(({ version }) => version)];
}
