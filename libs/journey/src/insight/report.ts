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

/** Of those who entered, who reached the goal within the conversion window. */
export interface Conversion {
  entered: number;
  reached: number;
  /** Those among them whose window is still running: they may yet reach it. */
  pending: { entered: number; reached: number };
  /** Of the others, who reached it: between 0 and 1; null where there are no others. */
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
  /** Null while nobody's window is over in one of both groups. */
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
  const entered = of('entered');
  const heldOut = groupOf(of('holdout'), (what) => of(`holdout-${what}`));
  const walked = groupOf(entered - of('holdout'), (what) => of(what) - of(`holdout-${what}`));
  return {
    entered,
    inside: entered - Object.values(ended).reduce((sum, count) => sum + count, 0),
    ended,
    refused: byReason(rows, 'refused:'),
    walked: conversionOf(walked),
    heldOut: conversionOf(heldOut),
    lift: liftOf(walked.over, heldOut.over),
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

/** How many, and how many of them reached the goal. */
interface Share {
  entered: number;
  reached: number;
}

interface Group extends Share {
  /** Those with a window, and those whose window is over. */
  window: Share;
  over: Share;
}

function groupOf(entered: number, of: (what: string) => number): Group {
  const reached = of('goal');
  return {
    ...{ entered, reached },
    window: { entered: of('window'), reached },
    over: { entered: of('window-over'), reached: of('window-reached') },
  };
}

const conversionOf = ({ entered, reached, window, over }: Group): Conversion => ({
  entered,
  reached,
  pending: { entered: window.entered - over.entered, reached: window.reached - over.reached },
  rate: rateOf(over),
});

const rateOf = ({ entered, reached }: Share): number | null => (entered > 0 ? reached / entered : null);

/** Of a standard normal distribution, 95 % lie within so many standard deviations. */
const WITHIN = 1.96;

/** The difference of two proportions with its 95 % interval, by the normal approximation (Wald). */
export function liftOf(walked: Share, heldOut: Share): Lift | null {
  const [one, other] = [rateOf(walked), rateOf(heldOut)];
  if (one === null || other === null) return null;
  const variance = (rate: number, { entered }: Share): number => (rate * (1 - rate)) / entered;
  const difference = one - other;
  const margin = WITHIN * Math.sqrt(variance(one, walked) + variance(other, heldOut));
  return { difference, from: difference - margin, to: difference + margin };
}
