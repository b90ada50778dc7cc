import { samplePart } from '@percorso/segmentation';
import type { Reentry } from '../../definition/definition';
import type { EntryFacts } from '../../engine/instance';
import type { PlannedJourney, PlannedVersion } from '../plan/journey-plan';
import type { EntryRequest } from '../intake/arrivals';

/** Why somebody who might have entered did not. */
export type RefusalCode =
  /** The journey takes nobody now. */
  | 'paused'
  | 'draining'
  | 'not-live'
  /** No entry of its kind. */
  | 'no-entry'
  /** In test mode only marked profiles enter. */
  | 'not-marked'
  | 'late'
  /** Only an import of the past, or a definition that was just made, shows it. */
  | 'backfill'
  /** The journey is keyed, and nothing is at the key. */
  | 'no-key'
  | 'profile-gone'
  | 'inside'
  /** Once is enough, or it is too soon to enter again. */
  | 'reentry'
  /** In another journey of the group, of the same or a higher priority. */
  | 'outranked'
  /** `where` does not hold. */
  | 'where'
  | 'cap-total'
  | 'cap-day'
  /** Its steps cannot be walked; the log tells why. */
  | 'failed';

/** Somebody who might enter. */
export interface Candidate {
  journey: PlannedJourney;
  version: PlannedVersion;
  key: string | null;
  facts: EntryFacts;
  context?: Record<string, unknown>;
  request?: EntryRequest;
  /** Why it does not, whatever else may be. */
  refused?: RefusalCode;
}

/** Whether who entered last at `last` may enter again at `at`; Unix milliseconds. */
export function mayReenter(reentry: Reentry, last: number | undefined, at: number): boolean {
  if (last === undefined || reentry.kind === 'always') return true;
  return reentry.kind === 'after' && at - last >= reentry.ms;
}

/** The same for a profile whenever it enters the journey. */
export const isHeldOut = ({ journeyId, definition: { holdout } }: PlannedVersion, person: number): boolean =>
  holdout > 0 && samplePart(`holdout:${journeyId}`, person) < holdout;

/** Whether being on one journey keeps a profile out of another of its group. */
export function outranks(on: PlannedVersion | undefined, { journeyId, definition }: PlannedVersion): boolean {
  const [other, group] = [on?.definition.group, definition.group];
  if (!group || other?.name !== group.name || on?.journeyId === journeyId) return false;
  return other.priority >= group.priority;
}

/** The periods in which entries of a moment are counted where there are caps: in all, and by day of UTC. */
export const TOTAL = '';
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** Entries that caps still leave, by journey and period; what is taken within a turn is taken off. */
export class Room {
  constructor(private readonly left: Map<string, number>) {}

  /** Why nobody more may enter; undefined where somebody may, who then has. */
  take({ journeyId, definition: { caps } }: PlannedVersion, at: number): RefusalCode | undefined {
    const periods: { period: string; most: number; code: RefusalCode }[] = [];
    if (caps.total !== undefined) periods.push({ period: TOTAL, most: caps.total, code: 'cap-total' });
    if (caps.perDay !== undefined) periods.push({ period: dayOf(at), most: caps.perDay, code: 'cap-day' });
    const full = periods.find(({ period, most }) => (this.left.get(keyOf(journeyId, period)) ?? most) <= 0);
    if (full) return full.code;
    for (const { period, most } of periods) {
      const key = keyOf(journeyId, period);
      this.left.set(key, (this.left.get(key) ?? most) - 1);
    }
    return undefined;
  }
}

const keyOf = (journeyId: string, period: string): string => `${journeyId} ${period}`;

/** What there is room for, given how many have entered: by journey and period. */
export function roomLeft(
  versions: readonly PlannedVersion[],
  entered: readonly { journeyId: string; period: string; entered: number }[],
): Room {
  const left = new Map<string, number>();
  for (const { journeyId, period, entered: count } of entered) {
    const caps = versions.find((version) => version.journeyId === journeyId)?.definition.caps;
    const most = period === TOTAL ? caps?.total : caps?.perDay;
    if (most !== undefined) left.set(keyOf(journeyId, period), most - count);
  }
  return new Room(left);
}
