/** Behind by more than this is an outage. */
export const OUTAGE_MS = 5 * 60_000;

/**
 * The moment at which a step acts that was moved at `logical` and is taken up `now`: the moment of what moved it, so that
 * one that is a little behind does what one that is not would have done; after an outage now, so that nobody gets
 * yesterday's reminder and today's in one minute. Unix milliseconds.
 */
export const momentOf = (logical: number, now: number): number => (now - logical > OUTAGE_MS ? now : logical);

/** Something to be taken up for one person. */
export interface Placed {
  source: Source;
  /** In its log; of what is due its visit. Positions of one source are compared, of two never. */
  pos: number | bigint;
  /** When it happened: an event's receipt, a change of an audience, the verdict on a message, a wait's due time. */
  moment: number;
}

/** At one moment in this order: who waited until then is no longer there when the event comes. */
const SOURCES = ['due', 'outcome', 'event', 'membership'] as const;
export type Source = (typeof SOURCES)[number];

/**
 * Puts what happened to one person into the one order in which it is taken up: each log by its positions, and logs among
 * each other, and what is due, by their moments. Moments that ran backwards in a log, as those of several servers'
 * clocks may, are given as the latest before them. What becomes due by what is taken up comes in anew: see `dueFirst`.
 */
export function orderStimuli<T extends Placed>(placed: readonly T[]): T[] {
  const logs = new Map<Source, T[]>();
  for (const one of placed) logs.set(one.source, [...(logs.get(one.source) ?? []), one]);
  const forward = [...logs].flatMap(([source, log]) => (source === 'due' ? log : runForward(log)));
  return forward.sort(
    (a, b) => a.moment - b.moment || rank(a) - rank(b) || (a.pos < b.pos ? -1 : a.pos > b.pos ? 1 : 0),
  );
}

function runForward<T extends Placed>(log: readonly T[]): T[] {
  let latest = -Infinity;
  return [...log]
    .sort((a, b) => (a.pos < b.pos ? -1 : a.pos > b.pos ? 1 : 0))
    .map((one) => {
      latest = Math.max(latest, one.moment);
      return one.moment === latest ? one : { ...one, moment: latest };
    });
}

const rank = ({ source }: Placed): number => SOURCES.indexOf(source);

/** Whether a wait that is due then comes before what happens at a moment; a wait without due time comes never. */
export const dueFirst = (due: number | null, moment: number): due is number => due !== null && due <= moment;
