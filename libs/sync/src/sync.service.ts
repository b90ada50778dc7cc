import { Inject, Injectable } from '@nestjs/common';
import { audit, decodeCursor, encodeCursor, type Page, pageOf, PageQuery } from '@percorso/access';
import { CLOCK, type Clock, isId, Problem } from '@percorso/kernel';
import { holdUsageRules, usageProblem } from '@percorso/profile';
import { MembershipLog } from '@percorso/segmentation';
import { Database, type Transaction } from '@percorso/storage';
import { RunService } from './run.service';
import { CreateSync, ReconciliationView, RunView, SyncView } from './sync.dto';
import { SyncQueue } from './sync.queue';
import {
  findSync,
  insertRun,
  insertSync,
  listSyncs,
  missingReferences,
  openRun,
  reconcile,
  setSyncState,
  type SyncRow,
} from './sync.store';
import { UsageGuard } from './usage-guard';
import { lockSync, saveVerdict, type SyncParts } from './usage.store';

const FIRST = '00000000-0000-0000-0000-000000000000';

/** Syncs of audiences to connectors. */
@Injectable()
export class SyncService {
  constructor(
    private readonly database: Database,
    private readonly log: MembershipLog,
    private readonly queue: SyncQueue,
    private readonly runs: RunService,
    private readonly usage: UsageGuard,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async create(workspaceId: string, actor: string, dto: CreateSync): Promise<SyncView> {
    const { mappingId, exitMappingId = null } = dto;
    await this.usage.prepare(workspaceId, { mappingId, exitMappingId });
    return this.database.tx(workspaceId, async (tx) => {
      const missing = await missingReferences(tx, dto);
      if (missing.length > 0) {
        throw Problem.invalid(
          missing.map((field) => ({
            pointer: `/${field}`,
            code: 'not-found',
            message: 'There is none with this id.',
          })),
        );
      }
      const id = await insertSync(tx, dto, this.clock.now());
      await this.assertAllowed(tx, id, 422);
      await audit(tx, actor, 'sync.create', id, { name: dto.name });
      return this.find(tx, id);
    });
  }

  get(workspaceId: string, id: string): Promise<SyncView> {
    return this.database.tx(workspaceId, (tx) => this.find(tx, id));
  }

  list(workspaceId: string, { cursor, limit }: PageQuery): Promise<Page<SyncView>> {
    const after = cursor === undefined ? FIRST : decodeCursor<{ id: string }>(cursor).id;
    return this.database.tx(workspaceId, async (tx) =>
      pageOf(
        await listSyncs(tx, after, limit + 1),
        limit,
        (row) => row,
        ({ id }) => encodeCursor({ id }),
      ),
    );
  }

  /** Open a run over everything the log holds now. @throws Problem 409 when one is open or the sync is paused */
  async run(workspaceId: string, actor: string, id: string): Promise<RunView> {
    await this.usage.prepare(workspaceId, await this.get(workspaceId, id));
    const runId = await this.database.tx(workspaceId, async (tx) => {
      const sync = await this.find(tx, id, true);
      if (sync.state === 'paused') throw Problem.conflict('sync-paused', 'Resume the sync first.');
      await this.assertAllowed(tx, id, 409);
      const { epoch, pos } = await this.log.head(tx);
      // After a restore old positions mean nothing: read the members anew. Intents already recorded are not repeated.
      const snapshot = sync.cursorEpoch !== epoch;
      const opened = await insertRun(
        tx,
        sync,
        { snapshot, fromPos: snapshot ? 0 : sync.cursorPos, toPos: pos },
        this.clock.now(),
      );
      if (!opened) {
        throw Problem.conflict('run-open', `Run ${await openRun(tx, id)} of this sync is not finished.`);
      }
      await audit(tx, actor, 'sync.run', id, { runId: opened });
      return opened;
    });
    await this.queue.wake(workspaceId, runId);
    return this.runs.get(workspaceId, runId);
  }

  setState(workspaceId: string, actor: string, id: string, state: 'active' | 'paused'): Promise<SyncView> {
    return this.database.tx(workspaceId, async (tx) => {
      await this.find(tx, id, true);
      await setSyncState(tx, id, state, this.clock.now());
      await audit(tx, actor, state === 'paused' ? 'sync.pause' : 'sync.resume', id, {});
      return this.find(tx, id);
    });
  }

  reconciliation(workspaceId: string, id: string): Promise<ReconciliationView> {
    return this.database.tx(workspaceId, async (tx) => reconcile(tx, await this.find(tx, id)));
  }

  /** @throws Problem when usage policies bar it; else it is held to conform to the rules as they are */
  private async assertAllowed(tx: Transaction, id: string, status: 409 | 422): Promise<void> {
    await holdUsageRules(tx);
    const verdict = await this.usage.verdict(tx, (await lockSync(tx, id)) as SyncParts);
    if (verdict.violations.length > 0) throw usageProblem(verdict.violations, status);
    await saveVerdict(tx, id, verdict);
  }

  private async find(tx: Transaction, id: string, lock = false): Promise<SyncRow> {
    const sync = isId(id) ? await findSync(tx, id, lock) : undefined;
    if (!sync) throw Problem.notFound('Sync');
    return sync;
  }
}
