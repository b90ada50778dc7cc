import { Inject, Injectable } from '@nestjs/common';
import { assertVersion, audit, type Page, PageQuery, readPageById } from '@percorso/access';
import { ConnectorRuntime } from '@percorso/connector';
import { CLOCK, type Clock, FIRST_ID, isId, Problem } from '@percorso/kernel';
import { holdUsageRules, usageProblem } from '@percorso/profile';
import { Database, type Transaction } from '@percorso/storage';
import { RunService } from './run.service';
import { RunStarter } from './run-starter';
import { nextMoment, scheduleMistakes } from './sync-schedule';
import { defaultMode, modeMistakes, type SyncMode } from './sync-mode';
import { CreateSync, ReconciliationView, RunView, SyncView, UpdateSync } from './sync.dto';
import { SyncQueue } from './sync.queue';
import {
  findSync,
  insertSync,
  listSyncs,
  missingReferences,
  openRun,
  reconcile,
  setSyncState,
  type SyncRow,
  updateSync,
} from './sync.store';
import { UsageGuard } from './usage-guard';
import { lockSync, saveVerdict, type SyncParts } from './usage.store';

/** Syncs of audiences to connectors. */
@Injectable()
export class SyncService {
  constructor(
    private readonly database: Database,
    private readonly connectors: ConnectorRuntime,
    private readonly starter: RunStarter,
    private readonly queue: SyncQueue,
    private readonly runs: RunService,
    private readonly usage: UsageGuard,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async create(workspaceId: string, actor: string, dto: CreateSync): Promise<SyncView> {
    const { mappingId, exitMappingId = null } = dto;
    await this.usage.prepare(workspaceId, { mappingId, exitMappingId });
    await this.database.tx(workspaceId, (tx) => assertReferences(tx, dto));
    const mode = await this.checkedMode(workspaceId, { ...dto, mode: dto.mode ?? null, exitMappingId });
    return this.database.tx(workspaceId, async (tx) => {
      await assertReferences(tx, dto);
      const now = this.clock.now();
      const id = await insertSync(tx, { ...dto, mode }, now);
      const nextRunAt = await nextMoment(tx, dto.triggers, now);
      const { name, triggers } = dto;
      await updateSync(tx, id, { name, mode, triggers, nextRunAt, version: 1 }, now);
      await this.assertAllowed(tx, id, 422);
      await audit(tx, actor, 'sync.create', id, { name: dto.name });
      return viewOf(await this.find(tx, id));
    });
  }

  get(workspaceId: string, id: string): Promise<SyncView> {
    return this.database.tx(workspaceId, async (tx) => viewOf(await this.find(tx, id)));
  }

  list(workspaceId: string, query: PageQuery): Promise<Page<SyncView>> {
    return this.database.tx(workspaceId, (tx) =>
      readPageById(query, (after = FIRST_ID, most) => listSyncs(tx, after, most)),
    );
  }

  /** @param version of the sync that was read */
  async update(
    workspaceId: string,
    actor: string,
    id: string,
    version: number,
    dto: UpdateSync,
  ): Promise<SyncView> {
    const before = await this.get(workspaceId, id);
    assertVersion(version, before.version);
    const to = {
      name: dto.name ?? before.name,
      mode: dto.mode ?? before.mode,
      triggers: dto.triggers ?? before.triggers,
    };
    if (dto.mode ?? dto.triggers) to.mode = await this.checkedMode(workspaceId, { ...before, ...to });
    return this.database.tx(workspaceId, async (tx) => {
      const sync = await this.find(tx, id, true);
      assertVersion(before.version, sync.version);
      const now = this.clock.now();
      const nextRunAt = dto.triggers ? await nextMoment(tx, to.triggers, now) : sync.nextRunAt;
      await updateSync(tx, id, { ...to, nextRunAt, version: sync.version + 1 }, now);
      await audit(tx, actor, 'sync.update', id, to);
      return viewOf(await this.find(tx, id));
    });
  }

  /** Open a run over everything the log holds now. @throws Problem 409 when one is open or the sync is paused */
  async run(workspaceId: string, actor: string, id: string): Promise<RunView> {
    const { connectorId, ...mappings } = await this.get(workspaceId, id);
    await this.usage.prepare(workspaceId, mappings);
    const connector = await this.connectors.describe(workspaceId, connectorId);
    const runId = await this.database.tx(workspaceId, async (tx) => {
      const sync = await this.find(tx, id, true);
      if (sync.state === 'paused') throw Problem.conflict('sync-paused', 'Resume the sync first.');
      await this.assertAllowed(tx, id, 409);
      const opened = await this.starter.open(tx, sync, 'demand', connector);
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
      return viewOf(await this.find(tx, id));
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

  /** The mode, or the one that goes with the connector. @throws Problem 422 where they do not go together */
  private async checkedMode(
    workspaceId: string,
    sync: Pick<SyncView, 'connectorId' | 'mode' | 'exitMappingId' | 'triggers'>,
  ): Promise<SyncMode> {
    const connector = await this.connectors.describe(workspaceId, sync.connectorId);
    const mode = sync.mode ?? defaultMode(connector);
    const { onDelta, schedule } = sync.triggers;
    const mistakes = [
      ...modeMistakes({ mode, exitMapping: sync.exitMappingId !== null, onDelta }, connector),
      ...(schedule ? scheduleMistakes(schedule) : []),
    ];
    if (mistakes.length > 0) throw Problem.invalid(mistakes);
    return mode;
  }

  private async find(tx: Transaction, id: string, lock = false): Promise<SyncRow> {
    const sync = isId(id) ? await findSync(tx, id, lock) : undefined;
    if (!sync) throw Problem.notFound('Sync');
    return sync;
  }
}

const viewOf = ({ cursorEpoch: _cursorEpoch, ...view }: SyncRow): SyncView => view;

async function assertReferences(tx: Transaction, dto: CreateSync): Promise<void> {
  const missing = await missingReferences(tx, dto);
  if (missing.length === 0) return;
  throw Problem.invalid(
    missing.map((field) => ({
      pointer: `/${field}`,
      code: 'not-found',
      message: 'There is none with this id.',
    })),
  );
}
