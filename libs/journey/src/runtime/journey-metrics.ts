import { Counter, Gauge, Histogram, register } from 'prom-client';

// A process may build the module more than once (tests do); a metric of one name exists once.
const existing = <T>(name: string): T | undefined => register.getSingleMetric(name) as T | undefined;

export const journeyEntries =
  existing<Counter<'outcome'>>('percorso_journey_entries_total') ??
  new Counter({
    name: 'percorso_journey_entries_total',
    help: 'Profiles that might have entered a journey, by outcome: entered, or the code of the refusal.',
    labelNames: ['outcome'],
  });

export const journeySteps =
  existing<Counter>('percorso_journey_steps_total') ??
  new Counter({ name: 'percorso_journey_steps_total', help: 'Visits of steps that began.' });

export const journeyTurnSeconds =
  existing<Histogram<'part'>>('percorso_journey_turn_seconds') ??
  new Histogram({
    name: 'percorso_journey_turn_seconds',
    help: 'How long turns take, by part: read, walk, write.',
    labelNames: ['part'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 5],
  });

export const journeyTurnsOvertaken =
  existing<Counter>('percorso_journey_turns_overtaken_total') ??
  new Counter({
    name: 'percorso_journey_turns_overtaken_total',
    help: 'Turns that were done again for something they had read changed.',
  });

export const journeyDueLag =
  existing<Histogram>('percorso_journey_due_lag_seconds') ??
  new Histogram({
    name: 'percorso_journey_due_lag_seconds',
    help: 'From the time of a wait to its being taken up; the longest of each turn.',
    buckets: [0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300],
  });

export const journeyEventLag =
  existing<Histogram>('percorso_journey_event_lag_seconds') ??
  new Histogram({
    name: 'percorso_journey_event_lag_seconds',
    help: 'From the receipt of an event to what journeys do about it being kept; the oldest of each turn.',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300],
  });

export const journeyWaiting =
  existing<Gauge>('percorso_journey_waiting') ??
  new Gauge({ name: 'percorso_journey_waiting', help: 'Profiles on their way, over all workspaces.' });
