import { Gauge, register } from 'prom-client';

/** A process may build the module more than once (tests do); a metric of one name exists once. */
export const heldLeases =
  (register.getSingleMetric('percorso_leases_held') as Gauge<'kind'> | undefined) ??
  new Gauge({
    name: 'percorso_leases_held',
    help: 'Partitions of background work this process has, by kind of work.',
    labelNames: ['kind'],
  });
