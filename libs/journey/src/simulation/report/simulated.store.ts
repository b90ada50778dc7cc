import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import { shareJourneys } from '../../journey/journey-lock';
import { storableJson } from '../../runtime/keep/storable-json';
import { counted } from '../../runtime/keep/trace.store';
import type { Refusal } from '../../runtime/walk/turn';
import { type DayCount, daysOf, nameMessages, windowsOver } from './count-page';
import type { SimulatedInstance, SimulatedMessage, SimulatedPage } from '../simulation';
import type { SimulationRow } from '../job/simulation.store';

/** Keeps what persons would have lived through. */
@Injectable()
export class SimulatedStore {
  /**
   * Of those who are still there: whoever was erased since they were walked leaves no trace.
   * @returns how many messages
   */
  async keep(
    tx: Transaction,
    { id: simulationId, until }: Pick<SimulationRow, 'id' | 'until'>,
    page: Pick<SimulatedPage, 'instances' | 'messages' | 'refusals'>,
  ): Promise<number> {
    const { instances, messages, refusals } = await this.present(tx, page);
    this.keepInstances(tx, simulationId, instances);
    this.keepMessages(tx, simulationId, messages);
    this.keepRefusals(tx, simulationId, refusals);
    const moved = instances.map((one) => ({
      ...one,
      fresh: true,
      enteredVersion: one.instance.version,
    }));
    this.keepCounts(tx, simulationId, [
      ...counted(moved, refusals),
      ...windowsOver(instances, until.getTime()),
    ]);
    this.keepDays(tx, simulationId, daysOf(instances, messages));
    await tx.settled();
    return messages.length;
  }

  private async present(
    tx: Transaction,
    page: Pick<SimulatedPage, 'instances' | 'messages' | 'refusals'>,
  ): Promise<Pick<SimulatedPage, 'instances' | 'messages' | 'refusals'>> {
    await shareJourneys(tx);
    const asked = new Set([
      ...page.instances.map(({ instance }) => instance.person),
      ...page.messages.map(({ person }) => person),
      ...page.refusals.map(({ person }) => person),
    ]);
    const { rows } = await tx.query<{ person: number }>(
      'SELECT person FROM profile WHERE workspace_id = $1 AND person = ANY($2::int[])',
      [tx.workspaceId, [...asked]],
    );
    const there = new Set(rows.map(({ person }) => person));
    return {
      instances: page.instances.filter(({ instance }) => there.has(instance.person)),
      messages: page.messages.filter(({ person }) => there.has(person)),
      refusals: page.refusals.filter(({ person }) => there.has(person)),
    };
  }

  private keepInstances(
    tx: Transaction,
    simulationId: string,
    instances: readonly SimulatedInstance[],
  ): void {
    if (instances.length === 0) return;
    const of = <T>(value: (one: SimulatedInstance) => T): T[] => instances.map(value);
    const date = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));
    tx.send(
      `INSERT INTO journey_simulation_instance (workspace_id, simulation_id, person, id, profile_id, key, state, end_reason,
         entered_at, ended_at, goal_until, goal_at, holdout, entry, context, tokens, trace)
       SELECT $1, $2, * FROM unnest($3::int[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[],
         $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::boolean[], $14::jsonb[],
         $15::jsonb[], $16::jsonb[], $17::jsonb[])`,
      [
        tx.workspaceId,
        simulationId,
        of(({ instance }) => instance.person),
        of(({ instance }) => instance.id),
        of(({ instance }) => instance.profileId),
        of(({ instance }) => instance.key),
        of(({ instance }) => instance.state),
        of(({ instance }) => instance.endReason),
        of(({ instance }) => new Date(instance.enteredAt)),
        of(({ instance }) => date(instance.endedAt)),
        of(({ instance }) => date(instance.goalUntil)),
        of(({ instance }) => date(instance.goalAt)),
        of(({ instance }) => instance.holdout),
        of(({ instance }) => storableJson(instance.entry)),
        of(({ instance }) => storableJson(instance.context)),
        of(({ instance }) => storableJson(instance.tokens)),
        of(({ trace }) => storableJson(trace)),
      ],
    );
  }

  private keepMessages(tx: Transaction, simulationId: string, messages: readonly SimulatedMessage[]): void {
    if (messages.length === 0) return;
    const named = nameMessages(messages);
    const of = <T>(value: (one: (typeof named)[number]) => T): T[] => named.map(value);
    tx.send(
      `INSERT INTO journey_simulation_message (workspace_id, simulation_id, person, key, step, nth, instance_id, profile_id,
         visit, at, connector_id, channel, operation, payload, outcome, code)
       SELECT $1, $2, * FROM unnest($3::int[], $4::text[], $5::text[], $6::int[], $7::uuid[], $8::uuid[], $9::int[],
         $10::timestamptz[], $11::uuid[], $12::text[], $13::text[], $14::jsonb[], $15::text[], $16::text[])`,
      [
        tx.workspaceId,
        simulationId,
        of(({ person }) => person),
        of(({ key }) => key ?? ''),
        of(({ step }) => step),
        of(({ nth }) => nth),
        of(({ instanceId }) => instanceId),
        of(({ profileId }) => profileId),
        of(({ visit }) => visit),
        of(({ at }) => new Date(at)),
        of(({ connectorId }) => connectorId),
        of(({ channel }) => channel ?? null),
        of(({ operation }) => operation),
        of(({ payload }) => (payload === undefined ? null : storableJson(payload))),
        of(({ outcome }) => outcome?.status ?? null),
        of(({ outcome }) => (outcome && 'code' in outcome ? outcome.code : null)),
      ],
    );
  }

  private keepRefusals(tx: Transaction, simulationId: string, refusals: readonly Refusal[]): void {
    if (refusals.length === 0) return;
    const counts = new Map<number, number>();
    const numbers = refusals.map(({ person }) => {
      const n = (counts.get(person) ?? 0) + 1;
      counts.set(person, n);
      return n;
    });
    tx.send(
      `INSERT INTO journey_simulation_refusal (workspace_id, simulation_id, person, n, at, code)
       SELECT $1, $2, * FROM unnest($3::int[], $4::int[], $5::timestamptz[], $6::text[])`,
      [
        tx.workspaceId,
        simulationId,
        refusals.map(({ person }) => person),
        numbers,
        refusals.map(({ at }) => new Date(at)),
        refusals.map(({ code }) => code),
      ],
    );
  }

  private keepCounts(
    tx: Transaction,
    simulationId: string,
    all: readonly { step: string; what: string }[],
  ): void {
    if (all.length === 0) return;
    tx.send(
      `INSERT INTO journey_simulation_count AS c (workspace_id, simulation_id, step, what, count)
       SELECT $1, $2, step, what, count(*) FROM unnest($3::text[], $4::text[]) AS n (step, what) GROUP BY step, what
       ON CONFLICT (workspace_id, simulation_id, step, what) DO UPDATE SET count = c.count + excluded.count`,
      [tx.workspaceId, simulationId, all.map(({ step }) => step), all.map(({ what }) => what)],
    );
  }

  private keepDays(tx: Transaction, simulationId: string, days: readonly DayCount[]): void {
    if (days.length === 0) return;
    tx.send(
      `INSERT INTO journey_simulation_day AS d (workspace_id, simulation_id, day, step, connector_id, outcome, count)
       SELECT $1, $2, * FROM unnest($3::date[], $4::text[], $5::uuid[], $6::text[], $7::bigint[])
       ON CONFLICT (workspace_id, simulation_id, day, step, connector_id, outcome)
         DO UPDATE SET count = d.count + excluded.count`,
      [
        tx.workspaceId,
        simulationId,
        days.map(({ day }) => day),
        days.map(({ step }) => step),
        days.map(({ connectorId }) => connectorId),
        days.map(({ outcome }) => outcome),
        days.map(({ count }) => count),
      ],
    );
  }
}
