import { Counter, Gauge, Histogram, register } from 'prom-client';

// A process may build the module more than once (tests do); a metric of one name exists once.
const existing = <T>(name: string): T | undefined => register.getSingleMetric(name) as T | undefined;

export const acceptedEvents =
  existing<Counter>('percorso_ingest_events_total') ??
  new Counter({ name: 'percorso_ingest_events_total', help: 'Events committed to the ingest log.' });

export const refusedRequests =
  existing<Counter<'status'>>('percorso_ingest_refused_requests_total') ??
  new Counter({
    name: 'percorso_ingest_refused_requests_total',
    help: 'Collection requests refused as a whole, by HTTP status.',
    labelNames: ['status'],
  });

export const duplicateEvents =
  existing<Counter>('percorso_ingest_duplicates_total') ??
  new Counter({ name: 'percorso_ingest_duplicates_total', help: 'Events dropped as already seen.' });

export const waitingBytes =
  existing<Gauge>('percorso_ingest_waiting_bytes') ??
  new Gauge({ name: 'percorso_ingest_waiting_bytes', help: 'Bytes of requests held until their commit.' });

export const commitSeconds =
  existing<Histogram>('percorso_ingest_commit_seconds') ??
  new Histogram({
    name: 'percorso_ingest_commit_seconds',
    help: 'Time of one group commit to the ingest log.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  });
