import type { JourneyEvent } from '../../engine/instance';
import type { VisitOutcome } from '../../engine/protocol';
import type { StepMap } from '../../engine/move-instance';
import { orderStimuli } from '../../engine/moments';
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
  /** An instance is to go on in another version, or to begin anew in it. */
  | { kind: 'job'; instanceId: string; job: VersionJob }
);

/** What is asked of those who are on older versions. */
export type VersionJob = { toVersion: number } & ({ kind: 'move'; steps: StepMap } | { kind: 'restart' });

export interface EntryRequest {
  n: string;
  journeyId: string;
  person: number;
  kind: 'api' | 'jump';
  key: string | null;
  context: Record<string, unknown>;
  /** Of a jump: how many in a row took no time. */
  hops?: number;
  at: Date;
  /** Somebody waits for what is decided. */
  answered: boolean;
}

/** One of the streams that arrivals come in, which keeps its order: none is before the one it follows. */
export type ArrivalStream = readonly { person: number; arrival: Arrival }[];

/** What happens to each person, in one order: see `orderStimuli`; at one moment the earlier stream first. */
export function arrange(streams: readonly ArrivalStream[]): Map<number, Arrival[]> {
  const persons = new Map<number, Arrival[][]>();
  streams.forEach((stream, index) => {
    for (const { person, arrival } of stream) {
      const own = persons.get(person) ?? streams.map((): Arrival[] => []);
      persons.set(person, own);
      own[index]!.push(arrival);
    }
  });
  return new Map([...persons].map(([person, own]) => [person, orderStimuli(own)]));
}

/** Streams as `arrange` takes them. */
const STREAMS: readonly Arrival['kind'][] = ['outcome', 'event', 'membership', 'request', 'member'];

/** Put one more into what `arrange` gave, after those of its stream at its moment. */
export function insertInOrder(arrivals: Arrival[], one: Arrival): void {
  const stream = STREAMS.indexOf(one.kind);
  const later = arrivals.findIndex(
    ({ at, kind }) => at > one.at || (at === one.at && STREAMS.indexOf(kind) > stream),
  );
  arrivals.splice(later < 0 ? arrivals.length : later, 0, one);
}
