import { distance } from 'fastest-levenshtein';
import type { FieldError } from '@percorso/kernel';
import { eventTest } from '@percorso/segmentation';
import type { EventWatch, JourneyDefinition } from '../definition/definition';
import type { JourneyEvent } from '../engine/instance';
import { isLate, isWatched, keyAt } from '../engine/watching';

/** What an event would have had to be like for an entry. */
export interface EventFinding {
  messageId: string;
  receivedAt: Date;
  occurredAt: Date;
  /** It is one that the entry waits for. */
  matches: boolean;
  /** Everything that kept it from starting the journey, as far as the event tells. */
  mistakes: FieldError[];
}

/** What is to be said of one entry and what came of the person. */
export interface EntryFinding {
  /** Of the entry, in the definition. */
  pointer: string;
  kind: 'event' | 'audience' | 'read' | 'business' | 'api';
  /** The event or the audience that it waits for. */
  waitsFor: string | null;
  /** The person's last events of that name. */
  events: EventFinding[];
  /** Names that came and are nearly the one that it waits for. */
  similarNames: string[];
}

/** What an event lacks for an entry, test by test. */
export function findMistakes(
  journey: JourneyDefinition,
  { pointer, watch, backfill }: { pointer: string; watch: EventWatch; backfill: boolean },
  event: JourneyEvent,
  publishedAt: Date,
): FieldError[] {
  const found: FieldError[] = [];
  watch.where.forEach((test, index) => {
    const passes = eventTest({ name: watch.name, where: [test] })(event, event.receivedAt);
    if (passes) return;
    const message = `the event does not pass this test of ${test.path}`;
    found.push({ pointer: `${pointer}/event/where/${index}`, code: 'test', message });
  });
  const path = journey.key === undefined ? undefined : (watch.key ?? journey.key);
  if (path !== undefined && keyAt(event.properties, path) === null) {
    found.push({ pointer: '/key', code: 'no-key', message: `the event has nothing at ${path}` });
  }
  if (!backfill && isLate(journey, event)) {
    found.push({ pointer: '/late', code: 'late', message: 'it came too long after it had occurred' });
  }
  if (event.receivedAt < publishedAt.getTime()) {
    const message = 'it came before this version was published';
    found.push({ pointer: '', code: 'before-publication', message });
  }
  return found;
}

export const matchesEntry = (watch: EventWatch, event: JourneyEvent): boolean =>
  isWatched(watch, event, event.receivedAt);

/** Names that differ from `name` by case, spaces and punctuation alone, or by a letter or two. */
export function similarTo(name: string, names: readonly string[]): string[] {
  const plain = plainOf(name);
  return names.filter((other) => other !== name && isNear(plainOf(other), plain));
}

/** A letter or two that differ, in names long enough for that to be a slip. */
const [TYPOS, LEAST] = [2, 5];

const plainOf = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

const isNear = (a: string, b: string): boolean =>
  a === b || (Math.min(a.length, b.length) >= LEAST && distance(a, b) <= TYPOS);
