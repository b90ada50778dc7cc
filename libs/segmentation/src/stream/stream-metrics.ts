import { Counter, Histogram, register } from 'prom-client';

// A process may build the module more than once (tests do); a metric of one name exists once.
const existing = <T>(name: string): T | undefined => register.getSingleMetric(name) as T | undefined;

export const streamedEvents =
  existing<Counter>('percorso_stream_events_total') ??
  new Counter({
    name: 'percorso_stream_events_total',
    help: 'Events reflected in every audience as they came.',
  });

export const coldReads =
  existing<Counter<'reason'>>('percorso_stream_cold_reads_total') ??
  new Counter({
    name: 'percorso_stream_cold_reads_total',
    help: 'Persons whose events were read from the event table, by reason: unknown (no state kept) or overflow.',
    labelNames: ['reason'],
  });

export const wokenPersons =
  existing<Counter>('percorso_stream_woken_total') ??
  new Counter({ name: 'percorso_stream_woken_total', help: 'Persons looked at because time had passed.' });

export const streamLag =
  existing<Histogram>('percorso_stream_lag_seconds') ??
  new Histogram({
    name: 'percorso_stream_lag_seconds',
    help: 'From the receipt of an event to its audiences reflecting it; the newest event of each turn.',
    buckets: [0.05, 0.1, 0.25, 0.5, 0.75, 1, 2, 5, 15, 60],
  });

export const driftFound =
  existing<Counter>('percorso_audience_drift_total') ??
  new Counter({
    name: 'percorso_audience_drift_total',
    help: 'Memberships that a reconciliation found wrong and healed; 0 in a healthy hub.',
  });
