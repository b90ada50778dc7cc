import { Counter, register } from 'prom-client';

// A process may build the module more than once (tests do); a metric of one name exists once.
export const archiveReads =
  (register.getSingleMetric('percorso_archive_reads_total') as Counter | undefined) ??
  new Counter({
    name: 'percorso_archive_reads_total',
    help: 'Persons whose older events were read from ClickHouse, where PostgreSQL no longer keeps them.',
  });
