import { Injectable } from '@nestjs/common';
import { Database } from '@percorso/storage';
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

  constructor(
    private readonly database: Database,
    private readonly metrics: HttpMetrics,
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
  }

  async text(): Promise<string> {
    await this.refresh().catch(() => {
      for (const gauge of Object.values(this.gauges)) gauge.reset();
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
  }
}
