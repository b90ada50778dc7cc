import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { audit, type Page, type PageQuery, readPageById } from '@percorso/access';
import { dropPending } from '@percorso/delivery';
import { CLOCK, type Clock, isId, LAST_ID, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import type { ChosenDeadLetters } from '../dead-letter.dto';
import { countChosen } from '../dead-letter.store';
import { ReplanScopes } from '../replan-scopes';
import { countsFrom, type RunCounts } from '../run.store';
import type { ReplayDeadLetters, ReplayState, ReplayView } from './replay.dto';
import {
  countsOf,
  findReplay,
  insertReplay,
  listReplays,
  replaysToLetGo,
  type ReplayRow,
  setReplayState,
  waitingOf,
} from './replay.store';

/** Rows let go in one transaction. */
const BATCH = 2000;
/** How long after a replay was cancelled it is looked whether its hub died over letting go. */
const REMEMBERED_MS = 3_600_000;
const CANCELLED = { code: 'cancelled', reason: 'The replay was cancelled before this was sent.' };

/** Dead letters sent again in the background: begun, followed, paused and cancelled. */
@Injectable()
export class Replays {
  constructor(
    private readonly database: Database,
    private readonly scopes: ReplanScopes,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @param idempotencyKey of the request: asked again with it, even after a crash, the replay that it began is the answer */
  async begin(
    workspaceId: string,
    actor: string,
    {
      rowsPerSecond = null,
      ...dto
    }: Omit<ReplayDeadLetters, 'rowsPerSecond'> & { rowsPerSecond?: number | null },
    idempotencyKey?: string,
  ): Promise<ReplayView> {
    const now = this.clock.now();
    const chosen = chosenOf(dto);
    if (chosen.syncId !== undefined) await this.scopes.assertAllowed(workspaceId, chosen.syncId);
    const expected = await this.database.tx(workspaceId, (tx) => countChosen(tx, chosen, now));
    const requestKey =
      idempotencyKey === undefined
        ? undefined
        : createHash('sha256').update(`${actor}\n${idempotencyKey}`).digest();
    return this.database.tx(workspaceId, async (tx) => {
      const asked = { requestKey, chosen, rowsPerSecond, expected, actor, now };
      const { id, isNew } = await insertReplay(tx, asked);
      if (isNew) {
        const { ids, ...named } = chosen;
        const detail = { ...named, ...(ids ? { ids: ids.length } : {}), rowsPerSecond, expected };
        await audit(tx, actor, 'dead-letters.replay', id, detail, now);
      }
      return this.view(tx, await this.find(tx, id));
    });
  }

  get(workspaceId: string, id: string): Promise<ReplayView> {
    return this.database.tx(workspaceId, async (tx) => this.view(tx, await this.find(tx, id)));
  }

  list(workspaceId: string, query: PageQuery): Promise<Page<ReplayView>> {
    return this.database.tx(workspaceId, async (tx) => {
      const page = await readPageById(query, (before = LAST_ID, most) => listReplays(tx, before, most));
      const counts = await countsOf(
        tx,
        page.data.map(({ id }) => id),
      );
      return { ...page, data: page.data.map((row) => viewOf(row, counts.get(row.id), this.clock.now())) };
    });
  }

  /** A page that is being mapped is void: what is not on its way yet stays as it was. */
  pause(workspaceId: string, actor: string, id: string): Promise<ReplayView> {
    return this.turn(workspaceId, actor, id, 'pause');
  }

  resume(workspaceId: string, actor: string, id: string): Promise<ReplayView> {
    return this.turn(workspaceId, actor, id, 'resume');
  }

  /** What is being sent is finished; what waits becomes a dead letter again. */
  async cancel(workspaceId: string, actor: string, id: string): Promise<ReplayView> {
    await this.turn(workspaceId, actor, id, 'cancel');
    await this.letGo(workspaceId, id);
    return this.get(workspaceId, id);
  }

  /** Goes on with what a hub that died while cancelling left undone. */
  async look(workspaceId: string): Promise<void> {
    const since = new Date(this.clock.now().getTime() - REMEMBERED_MS);
    const left = await this.database.tx(workspaceId, (tx) => replaysToLetGo(tx, since));
    for (const id of left) await this.letGo(workspaceId, id);
  }

  private turn(
    workspaceId: string,
    actor: string,
    id: string,
    what: 'pause' | 'resume' | 'cancel',
  ): Promise<ReplayView> {
    return this.database.tx(workspaceId, async (tx) => {
      await this.find(tx, id);
      const now = this.clock.now();
      const turned =
        what === 'cancel'
          ? await setReplayState(tx, id, 'cancelled', await cancellable(tx, id), { endedAt: now })
          : await setReplayState(tx, id, what === 'pause' ? 'paused' : 'running', ['running', 'paused']);
      if (!turned) throw Problem.conflict('replay-ended', `Replay ${id} has ended.`);
      await audit(tx, actor, `dead-letters.replay-${what}`, id, {}, now);
      return this.view(tx, await this.find(tx, id));
    });
  }

  private async letGo(workspaceId: string, replayId: string): Promise<void> {
    for (let dropped = BATCH; dropped === BATCH;) {
      dropped = await this.database.tx(workspaceId, (tx) =>
        dropPending(tx, { replayId }, CANCELLED, this.clock.now(), BATCH),
      );
    }
  }

  private async find(tx: Transaction, id: string): Promise<ReplayRow> {
    const replay = isId(id) ? await findReplay(tx, id) : undefined;
    if (!replay) throw Problem.notFound('Replay');
    return replay;
  }

  private async view(tx: Transaction, row: ReplayRow): Promise<ReplayView> {
    return viewOf(row, (await countsOf(tx, [row.id])).get(row.id), this.clock.now());
  }
}

/** One that is done can be cancelled for as long as something of it waits. */
async function cancellable(tx: Transaction, id: string): Promise<ReplayState[]> {
  const open: ReplayState[] = ['running', 'paused'];
  return (await waitingOf(tx, id)) > 0 ? [...open, 'done'] : open;
}

const chosenOf = (dto: ChosenDeadLetters): ChosenDeadLetters => {
  const { syncId, connectorId, runId, state, reasonCode, pointer, ids } = dto;
  return { syncId, connectorId, runId, state, reasonCode, pointer, ids };
};

function viewOf(
  { after: _after, nextAt, fence: _fence, ...row }: ReplayRow,
  counts: Partial<RunCounts> | undefined,
  now: Date,
): ReplayView {
  const { expected, looked, rowsPerSecond, replayed, createdAt } = row;
  const left = Math.max(0, expected - looked);
  const stepMs = rowsPerSecond === null ? 0 : 1000 / rowsPerSecond;
  const perRowMs = stepMs || (looked === 0 ? NaN : (now.getTime() - createdAt.getTime()) / looked);
  const canTell = row.state === 'running' && !Number.isNaN(perRowMs);
  return {
    ...row,
    counts: countsFrom(counts),
    progress: row.state === 'done' || expected === 0 ? 1 : Math.min(1, looked / expected),
    lastDueAt: replayed === 0 ? null : new Date(nextAt.getTime() - stepMs),
    estimatedEndAt: canTell ? new Date(now.getTime() + left * perRowMs) : null,
  };
}
