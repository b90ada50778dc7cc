import { Injectable } from '@nestjs/common';
import { IngestSignal } from '@percorso/ingest';
import { Database, eachInTurn, LeasedWorker, Leases } from '@percorso/storage';
import { Applier } from './applier';
import { AppliedSignal } from './applied-signal';
import { Loader } from './loader';

const APPLY_LOOK_MS = 100;
const LOAD_LOOK_MS = 500;
/** Between looks for changes that came without events: unmerges, erasures. */
const SWEEP_MS = 5_000;
/** Rows in a round of loading from which on the next follows at once. */
const BUSY_ROWS = 5_000;

/** Runs the applier over the workspaces this process has the lease of, and the loader over all, each in its turn. */
@Injectable()
export class ProfileWorker extends LeasedWorker {
  protected readonly leased = this.addLoop('Applier', APPLY_LOOK_MS, (stopping) => this.applyRound(stopping));
  private readonly met = new Set<string>();
  private sweepAt = 0;

  constructor(
    private readonly database: Database,
    private readonly applier: Applier,
    private readonly loader: Loader,
    private readonly signal: IngestSignal,
    private readonly appliedSignal: AppliedSignal,
    leases: Leases,
  ) {
    super(leases, 'apply');
    this.addLoop('Loader', LOAD_LOOK_MS, (stopping) => this.loadRound(stopping));
  }

  protected listen(nudge: () => void): (() => void)[] {
    return [
      this.signal.onAccepted(({ workspaceId }) => {
        this.meet(workspaceId);
        nudge();
      }),
    ];
  }

  /** Of a workspace met for the first time nobody may have the lease yet. */
  private meet(workspaceId: string): void {
    if (!this.met.has(workspaceId)) this.leases.nudge();
    this.met.add(workspaceId);
  }

  private async applyRound(stopping: () => boolean): Promise<boolean> {
    const rows = await this.database.statement<{ workspace_id: string; partition: number }>(
      undefined,
      `SELECT h.workspace_id, h.partition
       FROM ingest_head h JOIN lease l USING (workspace_id, partition)
       WHERE l.kind = 'apply' AND l.owner = $1 AND h.applied < h.head ORDER BY h.workspace_id, h.partition`,
      [this.leases.id],
    );
    const passed = await eachInTurn(rows, stopping, async ({ workspace_id, partition }) => {
      const applied = await this.applier.turn(workspace_id, partition, this.leases.of('apply', workspace_id));
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
