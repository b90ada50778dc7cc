import { Counter, register } from 'prom-client';

const NAME = 'percorso_computed_trait_drift_total';

// A process may build the module more than once (tests do); a metric of one name exists once.
export const traitDrift =
  (register.getSingleMetric(NAME) as Counter | undefined) ??
  new Counter({
    name: NAME,
    help: 'Values of computed traits that a check found wrong and healed; 0 in a healthy hub.',
  });
