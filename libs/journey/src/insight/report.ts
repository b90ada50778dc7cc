import type { StepKind } from '../definition/definition';

/** How often something happened, as the runtime counts it: of a step, or of the journey itself (step ''). */
export interface CountRow {
  step: string;
  what: string;
  count: number;
}

export interface StepReport {
  id: string;
  kind: StepKind;
  /** Visits begun. */
  entered: number;
  /** Visits that went on. */
  left: number;
  /** Visits that wait. */
  waiting: number;
  /** Visits in which something could not be computed. */
  errors: number;
}

/** Of those who entered, who reached the goal. */
export interface Conversion {
  entered: number;
  reached: number;
  /** Between 0 and 1; null of nobody. */
  rate: number | null;
}

export interface Lift {
  /** By how much the rate of those who walked is above that of those held out. */
  difference: number;
  /** Where the true difference is, 19 times out of 20. */
  from: number;
  to: number;
}

export interface Report {
  /** All who entered, those held out among them. */
  entered: number;
  inside: number;
  /** How many ended, by the reason. */
  ended: Record<string, number>;
  /** How many might have entered and did not, by the reason. */
  refused: Record<string, number>;
  walked: Conversion;
  heldOut: Conversion;
  /** Null while one of both groups is empty. */
  lift: Lift | null;
  steps: StepReport[];
}

/** @param steps of the definition, in its order */
export function reportOf(
  rows: readonly CountRow[],
  steps: readonly { id: string; kind: StepKind }[],
): Report {
  const counts = new Map(rows.map(({ step, what, count }) => [`${what} ${step}`, count]));
  const of = (what: string, step = ''): number => counts.get(`${what} ${step}`) ?? 0;
  const ended = byReason(rows, 'ended:');
  const [entered, heldOut] = [of('entered'), of('holdout')];
  const walked = conversionOf(entered - heldOut, of('goal') - of('holdout-goal'));
  const compared = conversionOf(heldOut, of('holdout-goal'));
  return {
    entered,
    inside: entered - Object.values(ended).reduce((sum, count) => sum + count, 0),
    ended,
    refused: byReason(rows, 'refused:'),
    walked,
    heldOut: compared,
    lift: liftOf(walked, compared),
    steps: steps.map(({ id, kind }) => {
      const [passed, begun, left] = [of('passed', id), of('entered', id), of('left', id)];
      return {
        id,
        kind,
        entered: passed + begun,
        left: passed + left,
        waiting: begun - left - of('stopped', id),
        errors: of('error', id),
      };
    }),
  };
}

const byReason = (rows: readonly CountRow[], prefix: string): Record<string, number> =>
  Object.fromEntries(
    rows.flatMap(({ step, what, count }) =>
      step === '' && what.startsWith(prefix) ? [[what.slice(prefix.length), count]] : [],
    ),
  );

const conversionOf = (entered: number, reached: number): Conversion => ({
  entered,
  reached,
  rate: entered > 0 ? reached / entered : null,
});

/** Of a standard normal distribution, 95 % lie within so many standard deviations. */
const WITHIN = 1.96;

/** The difference of two proportions with its 95 % interval, by the normal approximation (Wald). */
export function liftOf(walked: Conversion, heldOut: Conversion): Lift | null {
  if (walked.rate === null || heldOut.rate === null) return null;
  const variance = ({ rate, entered }: Conversion): number => (rate! * (1 - rate!)) / entered;
  const difference = walked.rate - heldOut.rate;
  const margin = WITHIN * Math.sqrt(variance(walked) + variance(heldOut));
  return { difference, from: difference - margin, to: difference + margin };
}
