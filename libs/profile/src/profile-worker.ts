import { BeforeApplicationShutdown, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { IngestSignal } from '@percorso/ingest';
import { BackgroundLoop, Database } from '@percorso/storage';
import { Applier } from './applier';
import { AppliedSignal } from './applied-signal';
import { Loader } from './loader';

const APPLY_LOOK_MS = 100;
const LOAD_LOOK_MS = 500;
/** Between looks for changes that came without events: unmerges, erasures. */
const SWEEP_MS = 5_000;
/** Rows in a round of loading from which on the next follows at once. */
const BUSY_ROWS = 5_000;

/** Runs the applier and the loader over all workspaces, each in its turn. */
@Injectable()
export class ProfileWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly applying = new BackgroundLoop({
    name: 'Applier',
    idleMs: APPLY_LOOK_MS,
    turn: (stopping) => this.applyRound(stopping),
  });
  private readonly loading = new BackgroundLoop({
    name: 'Loader',
    idleMs: LOAD_LOOK_MS,
    turn: (stopping) => this.loadRound(stopping),
  });
  private sweepAt = 0;
  private unlisten?: () => void;

  constructor(
    private readonly database: Database,
    private readonly applier: Applier,
    private readonly loader: Loader,
    private readonly signal: IngestSignal,
    private readonly appliedSignal: AppliedSignal,
  ) {}

  onApplicationBootstrap(): void {
    this.unlisten = this.signal.onAccepted(() => this.applying.nudge());
    this.applying.start();
    this.loading.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.unlisten?.();
    await Promise.all([this.applying.stop(), this.loading.stop()]);
  }

  private async applyRound(stopping: () => boolean): Promise<boolean> {
    const { rows } = await this.database.control((tx) =>
      tx.query<{ workspace_id: string; partition: number }>(
        'SELECT workspace_id, partition FROM ingest_head WHERE applied < head ORDER BY workspace_id, partition',
      ),
    );
    const passed = await eachInTurn(rows, stopping, async ({ workspace_id, partition }) => {
      const applied = await this.applier.turn(workspace_id, partition);
      if (applied > 0) this.appliedSignal.applied(workspace_id);
      return applied;
    });
    return passed > 0;
  }

  private async loadRound(stopping: () => boolean): Promise<boolean> {
    const loaded = await eachInTurn(
      await this.workspacesToLoad(),
      stopping,
      async (workspaceId) => (await this.loader.turn(workspaceId))?.rows ?? 0,
    );
    // Every turn costs ClickHouse a part: a few rows wait for the next look.
    return loaded >= BUSY_ROWS;
  }

  private async workspacesToLoad(): Promise<string[]> {
    if (Date.now() >= this.sweepAt) {
      this.sweepAt = Date.now() + SWEEP_MS;
      return this.database.workspaceIds();
    }
    const { rows } = await this.database.control((tx) =>
      tx.query<{ workspace_id: string }>(
        'SELECT DISTINCT workspace_id FROM ingest_head WHERE loaded < applied ORDER BY workspace_id',
      ),
    );
    return rows.map((row) => row.workspace_id);
  }
}

/** The sum of what `work` gives; one that fails keeps nobody after it waiting, and is thrown at the end. */
async function eachInTurn<T>(
  items: readonly T[],
  stopping: () => boolean,
  work: (item: T) => Promise<number>,
): Promise<number> {
  let sum = 0;
  let failure: { error: unknown } | undefined;
  for (const item of items) {
    if (stopping()) break;
    try {
      sum += await work(item);
    } catch (error) {
      failure ??= { error };
    }
  }
  if (failure) throw failure.error;
  return sum;
}
