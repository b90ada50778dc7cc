import type { PastChange } from './simulated-person';

/** Members of audiences today, by audience, and how anybody entered or left one of them since a moment. */
export interface KnownMemberships {
  members: ReadonlyMap<string, Int32Array>;
  /** By person, of each in its order. */
  changes: ReadonlyMap<number, readonly PastChange[]>;
}

/** Who was in audiences at any moment since the simulation begins: who is today, less what changed meanwhile. */
export class PastMemberships {
  constructor(private readonly known: KnownMemberships) {}

  /** How a person entered and left them, beginning with those it was in. */
  changesOf(person: number): PastChange[] {
    const changes = this.known.changes.get(person) ?? [];
    const before = [...this.known.members.keys()].filter((id) => this.wasMember(person, id));
    return [
      ...before.map((audienceId): PastChange => ({
        ...{ audienceId, op: 'enter', at: 0 },
        ...{ backfill: false, bookkeeping: true },
      })),
      ...changes,
    ];
  }

  /** Persons who entered or left an audience from `from` until before `until`. */
  changed(audienceId: string, op: PastChange['op'], from: number, until: number): number[] {
    return [...this.known.changes].flatMap(([person, changes]) =>
      changes.some(
        (one) => one.audienceId === audienceId && one.op === op && one.at >= from && one.at < until,
      )
        ? [person]
        : [],
    );
  }

  /** Who was in an audience at a moment, by number; `since`: only who joined after it. */
  membersAt(audienceId: string, at: number, since: number | null): Int32Array {
    const found: number[] = [];
    const look = (person: number): void => {
      const joined = this.joined(person, audienceId, at);
      if (joined !== undefined && (since === null || joined > since)) found.push(person);
    };
    const members = this.known.members.get(audienceId) ?? new Int32Array();
    members.forEach(look);
    for (const person of this.known.changes.keys()) if (!includes(members, person)) look(person);
    return Int32Array.from(found).sort();
  }

  /** When it joined the audience that it was in at a moment; 0: before the simulation begins. */
  private joined(person: number, audienceId: string, at: number): number | undefined {
    let joined = this.wasMember(person, audienceId) ? 0 : undefined;
    for (const change of this.known.changes.get(person) ?? []) {
      if (change.audienceId !== audienceId || change.at > at) continue;
      joined = change.op === 'enter' ? (joined ?? change.at) : undefined;
    }
    return joined;
  }

  /** Whether it was in the audience before anything changed. */
  private wasMember(person: number, audienceId: string): boolean {
    const first = this.known.changes.get(person)?.find((one) => one.audienceId === audienceId);
    return first ? first.op === 'exit' : includes(this.known.members.get(audienceId), person);
  }
}

/** Where a number is, or would be, among sorted ones. */
export function placeIn(sorted: Int32Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

const includes = (sorted: Int32Array | undefined, value: number): boolean =>
  sorted !== undefined && sorted[placeIn(sorted, value)] === value;
