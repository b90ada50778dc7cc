import type { JourneyJob } from '../../journey/job.store';
import type { Arrival } from './arrivals';
import type { Place, Share } from './cursor.store';
import type { HeldRow } from './held.store';
import type { ReadPage } from './read.store';

/** What waits for a share of a workspace's persons, as far as one turn takes it up. */
export interface Taken {
  share: Share;
  /** Where the share stands when this is done. */
  place: Place;
  /** The position in the logs moves, or something is forgotten, though nobody be concerned. */
  moves: boolean;
  /** What is due until then may be taken up; Unix milliseconds. */
  horizon: number;
  arrivals: Map<number, Arrival[]>;
  /** Persons concerned. */
  persons: number[];
  /** Those with a wait that is due. */
  due: ReadonlySet<number>;
  instanceIds: string[];
  news: string[];
  held: HeldRow[];
  pages: ReadPage[];
  /** How much was found, in all. */
  count: number;
  /** There may be more at once. */
  more: boolean;
  /** When what waited longest was due. */
  oldestDue?: Date;
  /** A page of what is asked of those on older versions, which this is then. */
  job?: JobPage;
}

export interface JobPage {
  job: JourneyJob;
  ids: string[];
  /** There are no more. */
  last: boolean;
}

/** Nothing is taken up but what a job asks of some instances, each at this moment. */
export const jobTaken = (job: JobPage, of: number): Taken => ({
  share: { cursors: [], partitions: [], of },
  place: { pos: 0, epoch: null, deltaPos: 0, awake: true },
  moves: false,
  // Their waits are for those whose turn it is.
  horizon: -Infinity,
  arrivals: new Map(),
  persons: [],
  due: new Set(),
  instanceIds: job.ids,
  news: [],
  held: [],
  pages: [],
  count: job.ids.length,
  more: false,
  job,
});
