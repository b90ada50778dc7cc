import { Inject, Injectable } from '@nestjs/common';
import { type Page, PageQuery, readPage, readPageById } from '@percorso/access';
import { DEAD_STATES } from '@percorso/delivery';
import { CLOCK, type Clock, FIRST_ID, isId, LAST_ID, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import { ReplayWork } from './replay/replay-work';
import { Replays } from './replay/replays';
import { hideQuoted } from './redaction';
import { ReplanScopes } from './replan-scopes';
import { RunControl } from './run-control';
import { progressOf } from './run-progress';
import { RunRowView, RunView } from './sync.dto';
import { type CountedRun, findCountedRun, findRun, listRuns, type RunRow } from './run.store';
import { findSync } from './sync.store';

/** What became of the runs of a sync, row by row. */
@Injectable()
export class RunService {
  constructor(
    private readonly database: Database,
    private readonly replays: Replays,
    private readonly work: ReplayWork,
    private readonly scopes: ReplanScopes,
    private readonly control: RunControl,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  get(workspaceId: string, id: string): Promise<RunView> {
    return this.database.tx(workspaceId, async (tx) => {
      const run = isId(id) ? await findCountedRun(tx, id) : undefined;
      if (!run) throw Problem.notFound('Run');
      return this.view(run);
    });
  }

  list(workspaceId: string, syncId: string, query: PageQuery): Promise<Page<RunView>> {
    if (!isId(syncId)) throw Problem.notFound('Sync');
    return this.database.tx(workspaceId, async (tx) => {
      if (!(await findSync(tx, syncId))) throw Problem.notFound('Sync');
      return readPageById(
        query,
        (before = LAST_ID, most) => listRuns(tx, syncId, before, most),
        (run) => this.view(run),
      );
    });
  }

  /**
   * Rows of a run, all or those in `states`, in the order they were planned.
   * @param shows whether the reader may see what providers quote of a person
   */
  rows(
    workspaceId: string,
    id: string,
    query: PageQuery,
    shows: boolean,
    states?: readonly string[],
  ): Promise<Page<RunRowView>> {
    return this.database.tx(workspaceId, async (tx) => {
      await this.find(tx, id);
      return readPage(
        query,
        (after: { id: string } | undefined, most) => listRows(tx, id, states, after?.id ?? FIRST_ID, most),
        ({ effectId }) => ({ id: effectId }),
        ({ payload, ...row }) => (shows ? row : { ...row, reason: hideQuoted(row.reason, payload) }),
      );
    });
  }

  deadLetters(workspaceId: string, id: string, query: PageQuery, shows: boolean): Promise<Page<RunRowView>> {
    return this.rows(workspaceId, id, query, shows, DEAD_STATES);
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

  /** Map rejected and dropped rows again, by the newest mapping, and let them go; what is many goes on in the background. */
  async retry(workspaceId: string, actor: string, id: string, idempotencyKey?: string): Promise<RunView> {
    const run = await this.database.tx(workspaceId, (tx) => this.find(tx, id));
    if (run.state === 'planning') throw Problem.conflict('run-open', 'The run is still being planned.');
    await this.scopes.assertAllowed(workspaceId, run.syncId);
    const replay = await this.replays.begin(workspaceId, actor, { runId: id }, idempotencyKey);
    while (await this.work.advance(workspaceId, replay.id));
    return this.get(workspaceId, id);
  }

  private async find(tx: Transaction, id: string): Promise<RunRow> {
    const run = isId(id) ? await findRun(tx, id) : undefined;
    if (!run) throw Problem.notFound('Run');
    return run;
  }

  private view(run: CountedRun): RunView {
    const { counts } = run;
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

type KeptRow = RunRowView & { payload: object | null };

async function listRows(
  tx: Transaction,
  runId: string,
  states: readonly string[] | undefined,
  after: string,
  limit: number,
): Promise<KeptRow[]> {
  const { rows } = await tx.query<KeptRow>(
    `SELECT id AS "effectId", profile_id AS "profileId", operation, membership_version::int AS "membershipVersion", state,
       reason_code AS "reasonCode", reason, pointer, attempt, provider_id AS "providerId", payload
     FROM effect WHERE workspace_id = $1 AND run_id = $2 AND id > $3::uuid AND ($4::text[] IS NULL OR state = ANY($4))
     ORDER BY id LIMIT $5`,
    [tx.workspaceId, runId, after, states ?? null, limit],
  );
  return rows;
}
