import { Injectable } from '@nestjs/common';
import { Database, Leases } from '@percorso/storage';
import { Gauge, Registry, register } from 'prom-client';
import { HttpMetrics } from './http-metrics';

interface Totals {
  unapplied: string;
  unloaded: string;
  accepted: string;
  duplicates: string;
  quarantined: string;
}

const HELP: Record<keyof Totals, string> = {
  unapplied: 'Accepted events not yet applied to profiles.',
  unloaded: 'Applied events not yet confirmed by ClickHouse.',
  accepted: 'Events accepted since the beginning.',
  duplicates: 'Events dropped as duplicates since the beginning.',
  quarantined: 'Events quarantined since the beginning.',
};

/** How far the pipeline is, over all workspaces, read when asked. */
@Injectable()
export class StoreMetrics {
  private readonly gauges: Record<keyof Totals, Gauge>;
  private readonly lag: Gauge<'kind' | 'partition'>;

  constructor(
    private readonly database: Database,
    private readonly metrics: HttpMetrics,
    private readonly leases: Leases,
  ) {
    const gauge = (name: keyof Totals): Gauge =>
      new Gauge({ name: `percorso_events_${name}`, help: HELP[name], registers: [metrics.registry] });
    this.gauges = {
      unapplied: gauge('unapplied'),
      unloaded: gauge('unloaded'),
      accepted: gauge('accepted'),
      duplicates: gauge('duplicates'),
      quarantined: gauge('quarantined'),
    };
    this.lag = new Gauge({
      name: 'percorso_partition_lag_events',
      help: 'Events that wait for the partitions this process has, of the workspace furthest behind, by kind of work.',
      labelNames: ['kind', 'partition'],
      registers: [metrics.registry],
    });
  }

  async text(): Promise<string> {
    await this.refresh().catch(() => {
      for (const gauge of [...Object.values(this.gauges), this.lag]) gauge.reset();
    });
    // Libs note theirs in the process's own registry.
    return Registry.merge([this.metrics.registry, register]).metrics();
  }

  private async refresh(): Promise<void> {
    const { rows } = await this.database.control((tx) =>
      tx.query<Totals>(
        `SELECT coalesce(sum(head - applied), 0) AS unapplied, coalesce(sum(applied - loaded), 0) AS unloaded,
                coalesce(sum(accepted), 0) AS accepted, coalesce(sum(duplicates), 0) AS duplicates,
                coalesce(sum(quarantined), 0) AS quarantined
         FROM ingest_head`,
      ),
    );
    for (const [name, value] of Object.entries(rows[0] ?? {}))
      this.gauges[name as keyof Totals].set(Number(value));
    await this.refreshLag();
  }

  private async refreshLag(): Promise<void> {
    const { rows } = await this.database.control((tx) => {
      tx.send(`SELECT set_config('percorso.looks_for', 'journeys', true)`);
      return tx.query<{ kind: string; partition: number; lag: string }>(
        `SELECT l.kind, l.partition, max(CASE l.kind WHEN 'apply' THEN h.head - h.applied
           WHEN 'journey' THEN CASE WHEN j.awake THEN h.applied - j.pos ELSE 0 END
           ELSE h.applied - coalesce(c.pos, 0) END) AS lag
         FROM lease l JOIN ingest_head h ON h.workspace_id = l.workspace_id AND h.partition = 0
         LEFT JOIN stream_cursor c ON (c.workspace_id, c.partition) = (l.workspace_id, l.partition)
         LEFT JOIN journey_cursor j ON (j.workspace_id, j.partition) = (l.workspace_id, l.partition)
         WHERE l.owner = $1 GROUP BY l.kind, l.partition`,
        [this.leases.id],
      );
    });
    this.lag.reset();
    for (const { kind, partition, lag } of rows) this.lag.set({ kind, partition }, Number(lag));
  }
}
