import type { JourneyEvent } from '../engine/instance';
import type { VisitOutcome } from '../engine/protocol';
import type { OpenRead } from './read.store';

/** Something that happens to a person, at a moment in Unix milliseconds. */
export type Arrival = { at: number } & (
  | { kind: 'event'; event: JourneyEvent }
  | {
      kind: 'membership';
      audienceId: string;
      op: 'enter' | 'exit';
      /** Only a definition that was made or edited shows it. */
      backfill: boolean;
    }
  | { kind: 'outcome'; instanceId: string; visit: number; outcome: VisitOutcome }
  /** Somebody says that the person is to enter. */
  | { kind: 'request'; request: EntryRequest }
  /** The person is a member of an audience that is being read. */
  | { kind: 'member'; read: OpenRead }
);

export interface EntryRequest {
  n: string;
  journeyId: string;
  person: number;
  kind: 'api' | 'jump';
  key: string | null;
  context: Record<string, unknown>;
  at: Date;
  /** Somebody waits for what is decided. */
  answered: boolean;
}

/** One of the streams that arrivals come in, which keeps its order: none is before the one it follows. */
export type ArrivalStream = readonly { person: number; arrival: Arrival }[];

/** What happens to each person, in one order: that of the streams, and between them by moment; the first stream first. */
export function arrange(streams: readonly ArrivalStream[]): Map<number, Arrival[]> {
  const persons = new Map<number, { at: number; arrival: Arrival }[]>();
  for (const stream of streams) {
    const latest = new Map<number, number>();
    for (const { person, arrival } of stream) {
      const at = Math.max(arrival.at, latest.get(person) ?? -Infinity);
      latest.set(person, at);
      const known = persons.get(person);
      if (known) known.push({ at, arrival });
      else persons.set(person, [{ at, arrival }]);
    }
  }
  return new Map(
    [...persons].map(([person, all]) => [
      person,
      // Sorting is stable.
      all.sort((a, b) => a.at - b.at).map(({ at, arrival }) => ({ ...arrival, at })),
    ]),
  );
}

/** Behind by more, what happens is taken for happening when it is taken up. */
const OUTAGE_MS = 300_000;

/** The moment at which journeys act on something of `at`. */
export const momentOf = (at: number, now: number): number => (now - at > OUTAGE_MS ? now : at);
