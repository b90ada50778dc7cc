import { Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { Database, type Transaction } from '@percorso/storage';
import { breakerOpen, laneInFlight, laneRate, laneWaiting } from './delivery-metrics';
import { PRIORITIES } from './priority';

const GAUGES = [laneWaiting, laneInFlight, laneRate, breakerOpen];

/** Counting a long lane costs: no more often than this. */
const FRESH_MS = 10_000;

/** Reads how every connector stands when the metrics are asked for. */
@Injectable()
export class LaneGauges implements OnApplicationBootstrap {
  private readAt = -Infinity;
  private reading: Promise<void> = Promise.resolve();

  constructor(private readonly database: Database) {}

  onApplicationBootstrap(): void {
    for (const gauge of GAUGES) Object.assign(gauge, { collect: () => this.refresh() });
  }

  private refresh(): Promise<void> {
    if (performance.now() - this.readAt < FRESH_MS) return this.reading;
    this.readAt = performance.now();
    return (this.reading = this.readAll());
  }

  private async readAll(): Promise<void> {
    const workspaces = await this.database.workspaceIds().catch(() => []);
    for (const gauge of GAUGES) gauge.reset();
    for (const workspaceId of workspaces) await this.database.tx(workspaceId, read).catch(() => undefined);
  }
}

async function read(tx: Transaction): Promise<void> {
  const [open, flows] = await Promise.all([
    tx.query<{ connector: string; state: string; priority: number; count: number }>(
      `SELECT connector_id AS connector, state, priority, count(*)::int AS count FROM effect
       WHERE workspace_id = $1 AND state IN ('pending', 'sending') GROUP BY 1, 2, 3`,
      [tx.workspaceId],
    ),
    tx.query<{ connector: string; open: boolean; learned: number | null }>(
      `SELECT substr(place, 11) AS connector, breaker <> 'closed' AS open, learned_per_second AS learned
       FROM delivery_flow WHERE workspace_id = $1 AND place LIKE 'connector:%'`,
      [tx.workspaceId],
    ),
  ]);
  for (const { connector, state, priority, count } of open.rows) {
    if (state === 'sending') laneInFlight.inc({ connector }, count);
    else laneWaiting.set({ connector, lane: PRIORITIES[priority] ?? 'bulk' }, count);
  }
  for (const { connector, open: isOpen, learned } of flows.rows) {
    breakerOpen.set({ connector }, isOpen ? 1 : 0);
    if (learned !== null) laneRate.set({ connector }, learned);
  }
}
