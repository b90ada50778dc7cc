import { Inject, Injectable } from '@nestjs/common';
import { audit, decodeCursor, encodeCursor, type Page, pageOf, PageQuery } from '@percorso/access';
import { CLOCK, type Clock, isId, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import { Retry } from './retry';
import { hideQuoted } from './redaction';
import { RunControl } from './run-control';
import { progressOf } from './run-progress';
import { RunRowView, RunView } from './sync.dto';
import { countEffects, findRun, listRuns, type RunRow } from './run.store';
import { findSync } from './sync.store';

const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
const FIRST = '00000000-0000-0000-0000-000000000000';
const DEAD = ['rejected', 'dropped', 'unknown'];

/** What became of the runs of a sync, row by row. */
@Injectable()
export class RunService {
  constructor(
    private readonly database: Database,
    private readonly retries: Retry,
    private readonly control: RunControl,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  get(workspaceId: string, id: string): Promise<RunView> {
    return this.database.tx(workspaceId, async (tx) => this.view(tx, await this.find(tx, id)));
  }

  list(workspaceId: string, syncId: string, { cursor, limit }: PageQuery): Promise<Page<RunView>> {
    if (!isId(syncId)) throw Problem.notFound('Sync');
    const before = cursor === undefined ? LAST : decodeCursor<{ id: string }>(cursor).id;
    return this.database.tx(workspaceId, async (tx) => {
      if (!(await findSync(tx, syncId))) throw Problem.notFound('Sync');
      const rows = await listRuns(tx, syncId, before, limit + 1);
      const page = pageOf(
        rows,
        limit,
        (row) => row,
        ({ id }) => encodeCursor({ id }),
      );
      const data: RunView[] = [];
      for (const row of page.data) data.push(await this.view(tx, row));
      return { data, next: page.next };
    });
  }

  /**
   * Rows of a run, all or those in `states`, in the order they were planned.
   * @param shows whether the reader may see what providers quote of a person
   */
  rows(
    workspaceId: string,
    id: string,
    { cursor, limit }: PageQuery,
    shows: boolean,
    states?: string[],
  ): Promise<Page<RunRowView>> {
    const after = cursor === undefined ? FIRST : decodeCursor<{ id: string }>(cursor).id;
    return this.database.tx(workspaceId, async (tx) => {
      await this.find(tx, id);
      const { rows } = await tx.query<RunRowView & { payload: object | null }>(
        `SELECT id AS "effectId", profile_id AS "profileId", operation, membership_version::int AS "membershipVersion", state,
           reason_code AS "reasonCode", reason, pointer, attempt, provider_id AS "providerId", payload
         FROM effect WHERE workspace_id = $1 AND run_id = $2 AND id > $3::uuid AND ($4::text[] IS NULL OR state = ANY($4))
         ORDER BY id LIMIT $5`,
        [workspaceId, id, after, states ?? null, limit + 1],
      );
      return pageOf(
        rows,
        limit,
        ({ payload, ...row }) => (shows ? row : { ...row, reason: hideQuoted(row.reason, payload) }),
        ({ effectId }) => encodeCursor({ id: effectId }),
      );
    });
  }

  deadLetters(workspaceId: string, id: string, query: PageQuery, shows: boolean): Promise<Page<RunRowView>> {
    return this.rows(workspaceId, id, query, shows, DEAD);
  }

  async setState(
    workspaceId: string,
    actor: string,
    id: string,
    state: 'active' | 'paused',
  ): Promise<RunView> {
    const run = await this.database.tx(workspaceId, (tx) => this.find(tx, id));
    await this.control.setState(workspaceId, actor, run, state);
    return this.get(workspaceId, id);
  }

  async cancel(workspaceId: string, actor: string, id: string): Promise<RunView> {
    const run = await this.database.tx(workspaceId, (tx) => this.find(tx, id));
    await this.control.cancel(workspaceId, actor, run);
    return this.get(workspaceId, id);
  }

  /** Map rejected and dropped rows again, by the newest mapping, and let them go. */
  async retry(workspaceId: string, actor: string, id: string): Promise<RunView> {
    const run = await this.database.tx(workspaceId, (tx) => this.find(tx, id));
    await this.retries.retry(workspaceId, run);
    return this.database.tx(workspaceId, async (tx) => {
      await audit(tx, actor, 'run.retry', id, {});
      return this.view(tx, await this.find(tx, id));
    });
  }

  private async find(tx: Transaction, id: string): Promise<RunRow> {
    const run = isId(id) ? await findRun(tx, id) : undefined;
    if (!run) throw Problem.notFound('Run');
    return run;
  }

  private async view(tx: Transaction, run: RunRow): Promise<RunView> {
    const counts = await countEffects(tx, run.id);
    const { progress, estimatedEndAt } = progressOf(run, counts, this.clock.now());
    const { id, syncId, state, mode, trigger, snapshot, fromPos, toPos } = run;
    const { paused, expected, looked, error, createdAt, endedAt } = run;
    return {
      id,
      syncId,
      state,
      mode,
      trigger,
      snapshot,
      fromPos,
      toPos,
      counts,
      progress,
      paused,
      expected,
      looked,
      estimatedEndAt: paused ? null : estimatedEndAt,
      error,
      createdAt,
      endedAt,
    };
  }
}
