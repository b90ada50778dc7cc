import { type EventSelector, movesWithTime } from '../definition/definition';
import { PropertyReader } from '../stream/property-reader';
import { checkOf, type ScalarTest } from '../stream/scalar';

/** An event, as far as a selector looks. */
export interface SelectedEvent {
  name: string;
  properties: Record<string, unknown>;
}

/** Whether a single event is one of those selected, at a moment in Unix milliseconds. */
export type EventTest = (event: SelectedEvent, now: number) => boolean;

/**
 * A selector made ready to be asked of single events.
 * @throws TypeError for tests of lookups, whose items are not at hand
 */
export function eventTest({ name, where }: EventSelector): EventTest {
  const looking = where.find(({ lookup }) => lookup !== undefined);
  if (looking) throw new TypeError(`a single event cannot be tested by lookup ${looking.lookup!.name}`);
  const reader = new PropertyReader();
  const fixed = where.filter((test) => !movesWithTime(test)).map((test) => reader.checkOf(test));
  // Of dates only, which lists are not.
  const moving = where.filter(movesWithTime).map((test) => ({
    place: reader.placeOf(test.path),
    check: checkOf(test as ScalarTest),
  }));
  return (event, now) => {
    if (event.name !== name) return false;
    const read = reader.read(event.properties);
    return (
      fixed.every((passes) => passes(read)) &&
      moving.every(({ place, check }) => check(read.scalars[place], now))
    );
  };
}
