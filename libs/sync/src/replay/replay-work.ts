import { Inject, Injectable, Logger } from '@nestjs/common';
import { DeliveryWaker, type ReopenedEffect, reopenEffects } from '@percorso/delivery';
import { CLOCK, type Clock, describeError, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import { chosenDeadLetters, type DeadRow, takeBackDiscards } from '../dead-letter.store';
import { drop, GONE } from '../plan-row';
import { NO_MAPPING, ReplanScopes, type SyncScope } from '../replan-scopes';
import { Replanner } from '../replanner';
import { type Pace, paceOf } from './replay-pace';
import {
  advanceReplay,
  claimReplay,
  holdLiving,
  holdReplay,
  releaseReplay,
  type ReplayRow,
  setReplayState,
  waitingOf,
} from './replay.store';

const PAGE = 500;
/** How long a page may take before another worker may take the replay over. */
const LEASE_MS = 20_000;
/** Opened rows that may wait at once: a pause or a cancellation finds the others as they were. */
const MOST_WAITING = 2_000;

/** Opens the dead letters of replays again, page by page; a page is all or nothing. */
@Injectable()
export class ReplayWork {
  private readonly logger = new Logger(ReplayWork.name);

  constructor(
    private readonly database: Database,
    private readonly scopes: ReplanScopes,
    private readonly replanner: Replanner,
    private readonly waker: DeliveryWaker,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Takes one page. @returns whether there may be another to be taken at once */
  async advance(workspaceId: string, replayId: string): Promise<boolean> {
    const replay = await this.database.tx(workspaceId, (tx) =>
      claimReplay(tx, replayId, this.clock.now(), LEASE_MS),
    );
    if (!replay) return false;
    try {
      return await this.page(workspaceId, replay);
    } catch (error) {
      // What only an admin can mend is for an admin to resume; anything else is tried again.
      if (!(error instanceof Problem) || error.status >= 500) throw error;
      this.logger.warn({ replayId, code: error.code }, 'A replay paused');
      const why = `${error.code}: ${error.detail ?? error.title}`;
      await this.database.tx(workspaceId, (tx) =>
        setReplayState(tx, replayId, 'paused', ['running'], { error: why }),
      );
      return false;
    }
  }

  /** Takes what can be taken now. */
  async advanceAll(workspaceId: string, replayIds: readonly string[]): Promise<boolean> {
    let more = false;
    for (const id of replayIds) {
      // The others do not wait for one that fails; its lease keeps it for a while.
      more =
        (await this.advance(workspaceId, id).catch((error: unknown) => {
          this.logger.error(`Replay ${id} will be tried again: ${describeError(error)}`);
          return false;
        })) || more;
    }
    return more;
  }

  private async page(workspaceId: string, replay: ReplayRow): Promise<boolean> {
    const pace = paceOf(replay, this.clock.now());
    const limit = await this.database.tx(workspaceId, async (tx) =>
      Math.min(PAGE, pace.rows, MOST_WAITING - (await waitingOf(tx, replay.id))),
    );
    if (limit < 1) {
      await this.database.tx(workspaceId, (tx) => releaseReplay(tx, replay));
      return false;
    }
    const { chosen, createdAt: until, after } = replay;
    const rows = await this.database.tx(workspaceId, (tx) =>
      chosenDeadLetters(tx, chosen, { until, after, limit }),
    );
    const open = rows.filter(({ skipped }) => !skipped);
    const { effects, connectors } = await this.replan(workspaceId, open);
    const isLast = rows.length < limit;
    const taken = await this.database.tx(workspaceId, (tx) =>
      this.record(tx, replay, { rows, open, effects, pace, isLast }),
    );
    for (const connectorId of connectors) await this.waker.wake(workspaceId, connectorId);
    return taken && !isLast && pace.rows > limit;
  }

  private async replan(
    workspaceId: string,
    open: readonly DeadRow[],
  ): Promise<{ effects: ReopenedEffect[]; connectors: Set<string> }> {
    const effects: ReopenedEffect[] = [];
    const connectors = new Set<string>();
    for (const syncId of new Set(open.map((row) => row.syncId))) {
      await this.scopes.assertAllowed(workspaceId, syncId);
      const scope = await this.scopes.of(workspaceId, syncId);
      const rows = open.filter((row) => row.syncId === syncId);
      const plans = await this.replanner.plan(workspaceId, scope, rows, this.clock.now());
      for (const row of rows) {
        effects.push({ id: row.id, ...plans.get(row)!, mappingVersion: versionOf(scope, row) });
      }
      connectors.add(scope.connectorId);
    }
    return { effects, connectors };
  }

  private async record(
    tx: Transaction,
    replay: ReplayRow,
    page: { rows: DeadRow[]; open: DeadRow[]; effects: ReopenedEffect[]; pace: Pace; isLast: boolean },
  ): Promise<boolean> {
    if (!(await holdReplay(tx, replay))) return false;
    const now = this.clock.now();
    const living = await holdLiving(
      tx,
      page.open.map(({ person }) => person),
    );
    const personOf = new Map(page.open.map(({ id, person }) => [id, person]));
    let place = 0;
    const effects = page.effects.map((effect) => {
      const isGone = effect.operation !== 'remove' && !living.has(personOf.get(effect.id)!);
      const plan = isGone ? { id: effect.id, ...drop(effect.operation, GONE) } : effect;
      return { ...plan, dueAt: page.pace.dueAt(plan.dropped ? place : place++) };
    });
    const opened = await reopenEffects(tx, replay.id, effects, now);
    await takeBackDiscards(
      tx,
      opened.map(({ id }) => id),
    );
    const replayed = opened.filter(({ pending }) => pending).length;
    const last = page.rows.at(-1);
    await advanceReplay(
      tx,
      replay,
      {
        after: last ? { syncId: last.syncId, id: last.id } : replay.after,
        looked: page.rows.length,
        replayed,
        dropped: opened.length - replayed,
        nextAt: page.pace.dueAt(place),
        isLast: page.isLast,
      },
      now,
    );
    return true;
  }
}

const versionOf = ({ mappings }: SyncScope, { op }: DeadRow): number | undefined =>
  ((op === 'enter' ? mappings.entry : mappings.exit) ?? NO_MAPPING).version;
