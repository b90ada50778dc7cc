import { Counter, Gauge, Histogram, register } from 'prom-client';

// A process may build the module more than once (tests do); a metric of one name exists once.
const existing = <T>(name: string): T | undefined => register.getSingleMetric(name) as T | undefined;

export const deliveredEffects =
  existing<Counter<'connector' | 'outcome'>>('percorso_delivery_effects_total') ??
  new Counter({
    name: 'percorso_delivery_effects_total',
    help: 'Effects handed to a connector, by what became of them: accepted, rejected, retry, unknown.',
    labelNames: ['connector', 'outcome'],
  });

export const deliveryCalls =
  existing<Counter<'connector' | 'end'>>('percorso_delivery_batches_total') ??
  new Counter({
    name: 'percorso_delivery_batches_total',
    help: 'Batches handed to a connector, by their end: worked, throttled, failed.',
    labelNames: ['connector', 'end'],
  });

export const deliveryLag =
  existing<Histogram<'connector'>>('percorso_delivery_lag_seconds') ??
  new Histogram({
    name: 'percorso_delivery_lag_seconds',
    help: 'From the change of an audience until the target had it; the oldest of each batch.',
    labelNames: ['connector'],
    buckets: [0.25, 0.5, 1, 2, 5, 15, 60, 300, 3600],
  });

export const laneWaiting =
  existing<Gauge<'connector' | 'lane'>>('percorso_delivery_waiting') ??
  new Gauge({
    name: 'percorso_delivery_waiting',
    help: 'Effects that wait, by lane.',
    labelNames: ['connector', 'lane'],
  });

export const laneInFlight =
  existing<Gauge<'connector'>>('percorso_delivery_in_flight') ??
  new Gauge({
    name: 'percorso_delivery_in_flight',
    help: 'Effects that are out.',
    labelNames: ['connector'],
  });

export const laneRate =
  existing<Gauge<'connector'>>('percorso_delivery_learned_per_second') ??
  new Gauge({
    name: 'percorso_delivery_learned_per_second',
    help: 'The pace found by 429s, while one is held to.',
    labelNames: ['connector'],
  });

export const breakerOpen =
  existing<Gauge<'connector'>>('percorso_delivery_breaker_open') ??
  new Gauge({
    name: 'percorso_delivery_breaker_open',
    help: '1 while a connector is not called because its calls fail.',
    labelNames: ['connector'],
  });
