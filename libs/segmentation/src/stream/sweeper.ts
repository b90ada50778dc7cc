import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import { LoadGate } from '@percorso/profile';
import { Database, Shards } from '@percorso/storage';
import { conditionOf } from '../computed-trait/trait-definition';
import type { Definition } from '../definition/definition';
import { MemberConditionStore } from '../member/member-condition.store';
import { compileWakes } from './compile-wakes';
import { PlanLoader } from './plan-loader';
import { StreamCursorStore } from './stream-cursor.store';
import { readWakes } from './read-wakes';
import { WakeStore } from './wake.store';

/** How far ahead wakes have rows; a sweep is due when half of it has passed. */
const HORIZON_MS = 3_600_000;
export const SWEEP_EVERY_MS = HORIZON_MS / 2;
/** Rows written in one transaction. */
const CHUNK = 5_000;
/** Longer than any set evaluation is being written. */
const KEPT_MS = 6 * 3_600_000;

/**
 * Looks up in ClickHouse whom time alone will give another answer soon. Between sweeps persons who wait cost nothing,
 * and a lost row is found again by the next one.
 */
@Injectable()
export class Sweeper {
  constructor(
    private readonly database: Database,
    private readonly shards: Shards,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly gate: LoadGate,
    private readonly plans: PlanLoader,
    private readonly cursors: StreamCursorStore,
    private readonly wakes: WakeStore,
    private readonly members: MemberConditionStore,
  ) {}

  /** For all audiences and computed traits of a workspace, from where the last sweep began. */
  async sweep(workspaceId: string): Promise<void> {
    const at = this.clock.now();
    const { definitions, since, zone } = await this.database.tx(workspaceId, async (tx) => {
      const plan = await this.plans.load(tx);
      const { sweptAt } = await this.cursors.read(tx);
      return {
        zone: plan.zone,
        definitions: [
          ...plan.programs.map(({ audience }) => audience.where),
          ...plan.traits.map(({ definition }) => conditionOf(definition)),
        ].map((where): Definition => ({ version: 1, where })),
        since: sweptAt ?? new Date(0),
      };
    });
    await this.look(workspaceId, definitions, zone, { since, at, afterArrival: true });
    await this.database.tx(workspaceId, async (tx) => {
      await this.cursors.swept(tx, at);
      await this.wakes.tidy(tx, new Date(at.getTime() - KEPT_MS));
    });
    while ((await this.database.tx(workspaceId, (tx) => this.members.tidy(tx))) > 0);
  }

  /** For definitions whose members were computed as of `since`. */
  async sweepDefinitions(
    workspaceId: string,
    definitions: readonly Definition[],
    zone: string | undefined,
    since: Date,
  ): Promise<void> {
    if (definitions.length > 0)
      await this.look(workspaceId, definitions, zone, { since, at: this.clock.now() });
  }

  private async look(
    workspaceId: string,
    definitions: readonly Definition[],
    zone: string | undefined,
    { since, at, afterArrival }: { since: Date; at: Date; afterArrival?: boolean },
  ): Promise<void> {
    const horizon = new Date(at.getTime() + HORIZON_MS);
    // Told first: whatever is evaluated from now on writes its own wakes until there, and what was before is loaded.
    await this.database.tx(workspaceId, async (tx) => {
      await this.cursors.hold(tx);
      await this.cursors.setHorizon(tx, horizon);
    });
    const found = await this.gate.holdLoaded(workspaceId, async ({ pos }) => {
      const scope = { workspaceId, now: at, asOfPos: pos, zone };
      const span = { since: since.getTime(), until: horizon.getTime(), afterArrival };
      const compiled = compileWakes(definitions, scope, span);
      return compiled ? readWakes(this.shards, compiled) : [];
    });
    for (let start = 0; start < found.length; start += CHUNK) {
      const chunk = found.slice(start, start + CHUNK);
      await this.database.tx(workspaceId, async (tx) => {
        await this.cursors.hold(tx);
        await this.wakes.sooner(tx, chunk);
        await this.cursors.wakeBy(tx, new Date(Math.min(...chunk.map((wake) => wake.due))));
      });
    }
  }
}
