import type { Caps } from '../../definition/definition';
import type { Refusal } from '../../runtime/walk/turn';
import { ClosedRoom, type Closings, nextClosings, OPEN } from './closed-room';

/**
 * Finds whom caps let in where persons are walked one by one. All are walked as if there was room for everybody. The first
 * period that is too full then closes, and those who came after are walked again; then the next, and so on until none is.
 * What happens at a moment depends on what came before it only, so each closing stays right: in the end it is as if all had
 * been walked side by side.
 */
export class ClosingSearch {
  closings: Closings = OPEN;
  /** By person, of those who entered. */
  private readonly rooms = new Map<number, ClosedRoom>();
  /** Persons that are still to be walked under these closings. */
  private readonly waiting: number[];
  private count = 0;

  constructor(
    private readonly caps: Caps,
    persons: Iterable<number>,
  ) {
    this.waiting = caps.total === undefined && caps.perDay === undefined ? [] : [...persons];
  }

  get found(): boolean {
    return this.waiting.length === 0;
  }

  /** How many entries it holds. */
  get held(): number {
    return this.count;
  }

  /** Walks the next persons, `limit` at most. @param walk has each use its room */
  async step(
    limit: number,
    walk: (rooms: readonly ClosedRoom[]) => Promise<{ refusals: readonly Refusal[] }>,
  ): Promise<void> {
    const rooms = this.waiting.slice(-limit).map((person) => new ClosedRoom(this.closings, person));
    const { refusals } = await walk(rooms);
    const failed = new Set(refusals.flatMap(({ code, person }) => (code === 'failed' ? [person] : [])));
    for (const room of rooms) this.keep(failed.has(room.person) ? new ClosedRoom(OPEN, room.person) : room);
    this.waiting.splice(-rooms.length);
    if (this.found) this.close();
  }

  private close(): void {
    const rooms = [...this.rooms.values()];
    const closings = nextClosings(this.caps, rooms, this.closings);
    if (!closings) return this.rooms.clear();
    this.closings = closings;
    for (const room of rooms) if (room.exceeds(closings)) this.waiting.push(room.person);
  }

  private keep(room: ClosedRoom): void {
    const known = this.rooms.get(room.person);
    this.count += room.entered.length - (known?.entered.length ?? 0);
    if (room.entered.length > 0) this.rooms.set(room.person, room);
    else this.rooms.delete(room.person);
  }
}
