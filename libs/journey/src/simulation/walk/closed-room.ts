import type { Caps } from '../../definition/definition';
import { type RefusalCode, Room } from '../../runtime/walk/admission';

/** The place of an entry among all: by time (Unix milliseconds), of one moment by person, of one person as they come. */
export interface EntryPlace {
  at: number;
  person: number;
  nth: number;
}

/** The last entries for which there is room: in all, and by day of UTC since 1970. */
export interface Closings {
  total?: EntryPlace;
  days: ReadonlyMap<number, EntryPlace>;
}

export const OPEN: Closings = { days: new Map() };

const DAY_MS = 86_400_000;
const dayOf = ({ at }: EntryPlace): number => Math.floor(at / DAY_MS);

/** What caps leave to one person, where it is known who the last is that they let in. */
export class ClosedRoom extends Room {
  readonly entered: EntryPlace[] = [];

  constructor(
    private readonly closings: Closings,
    readonly person: number,
  ) {
    super(new Map());
  }

  override take(_version: unknown, at: number): RefusalCode | undefined {
    const last = this.entered.at(-1);
    const place = { at, person: this.person, nth: last?.at === at ? last.nth + 1 : 0 };
    const code = refusalAt(this.closings, place);
    if (code === undefined) this.entered.push(place);
    return code;
  }

  /** Whether these would keep out who entered. */
  exceeds(closings: Closings): boolean {
    return this.entered.some((place) => refusalAt(closings, place) !== undefined);
  }
}

/** The room of each person. */
export function roomIn(rooms: readonly ClosedRoom[]): (person: number) => ClosedRoom {
  const byPerson = new Map(rooms.map((room) => [room.person, room]));
  return (person) => byPerson.get(person)!;
}

/** With the closing that comes next, when these have entered; undefined: there is room for all of them. */
export function nextClosings(
  caps: Caps,
  rooms: readonly ClosedRoom[],
  { total, days }: Closings,
): Closings | undefined {
  const entered = new Map<number, EntryPlace[]>();
  for (const place of rooms.flatMap((room) => room.entered)) {
    const own = entered.get(dayOf(place));
    if (own) own.push(place);
    else entered.set(dayOf(place), [place]);
  }
  let before = 0;
  for (const [day, places] of [...entered].sort(([one], [other]) => one - other)) {
    const left = (caps.total ?? Infinity) - before;
    const leftToday = caps.perDay ?? Infinity;
    if (places.length > Math.min(left, leftToday)) {
      const last = (most: number): EntryPlace => places.sort(compare)[most - 1] ?? endBefore(day);
      return left <= leftToday
        ? { total: last(left), days }
        : { ...(total && { total }), days: new Map([...days, [day, last(leftToday)]]) };
    }
    before += places.length;
  }
  return undefined;
}

/** After whom all of a day come. */
const endBefore = (day: number): EntryPlace => ({ at: day * DAY_MS - 1, person: Infinity, nth: 0 });

function refusalAt({ total, days }: Closings, place: EntryPlace): RefusalCode | undefined {
  if (total && compare(place, total) > 0) return 'cap-total';
  const ofDay = days.get(dayOf(place));
  return ofDay && compare(place, ofDay) > 0 ? 'cap-day' : undefined;
}

const compare = (one: EntryPlace, other: EntryPlace): number =>
  one.at - other.at || one.person - other.person || one.nth - other.nth;
