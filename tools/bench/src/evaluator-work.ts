import { Random } from '@percorso/demo';
import type { PersonEvent } from '@percorso/profile';
import { leavesOf } from '@percorso/segmentation';
import type { ShopAudience } from './shop-audiences';
import { type Shopper, shopEvent, type ShopEvent, shoppers } from './shop';

/** One look at a customer: an event came, or a moment at which time alone may have changed an answer. */
export interface Touch {
  person: number;
  /** Unix milliseconds. */
  now: number;
  event?: ShopEvent;
  /** The same as the hub reads it. */
  row?: PersonEvent;
}

/** Customers, what is known of them beforehand, and the events to come. */
export interface Shop {
  shoppers: Shopper[];
  /** Each one's events as the hub reads them; peers are given those of `shoppers`. */
  rows: PersonEvent[][];
  /** The moment the history ends. */
  start: number;
}

/** Who is a member of what, in place of the table a store keeps; the same for all evaluators. */
export class Memberships {
  private readonly held: Uint8Array;

  constructor(
    customers: number,
    private readonly audiences: number,
  ) {
    this.held = new Uint8Array(customers * audiences);
  }

  /** Write what an evaluator found, into the flips too where it is new. */
  set(person: number, audience: number, holds: boolean, flips: Flips): void {
    const place = person * this.audiences + audience;
    if (this.held[place] === Number(holds)) return;
    this.held[place] = Number(holds);
    flips.push(`${holds ? '+' : '-'}${audience}`);
  }
}

/** Entries and exits of one touch, as text: `+3` entered the fourth audience, `-3` left it. */
export type Flips = string[];

/** Answers which audiences each customer belongs to, keeping what it needs to know of them. */
export interface Evaluator {
  title: string;
  /** Forget everything but who is a member, as after a restart. */
  forget(): void;
  /** Take the event up, if there is one, and answer the audiences it may move; all of them when there is none or nothing is kept. */
  touch(touch: Touch): Flips | Promise<Flips>;
}

/** An evaluator that also says when it needs to look again. */
export interface LeadingEvaluator extends Evaluator {
  touch(touch: Touch): Flips;
  /** The earliest moment at which time alone may change an answer given at the last touch; Infinity: none. */
  due(): number;
}

const MINUTE_MS = 60_000;
/** Milliseconds from an event to the look at its customer: a window's end is open, so the event itself is in it. */
const LOOK_AFTER = 5;

export function makeShop(count: number, mean: number): Shop {
  const start = Date.UTC(2026, 5, 15, 12);
  const all = [...shoppers(3, count, mean, start)];
  return {
    shoppers: all,
    rows: all.map(({ events }, person) => events.map((one) => rowOf(person, one))),
    start,
  };
}

/** As `EventReader` hands an event over; the same properties that peers read. */
function rowOf(person: number, { name, at, properties }: ShopEvent): PersonEvent {
  const time = new Date(at);
  return { person, pos: 0, messageId: '', name, occurredAt: time, receivedAt: time, properties };
}

/** What came belongs to the customers' history from now on. */
export function remember({ shoppers: all, rows }: Shop, touches: readonly Touch[]): void {
  for (const { person, event, row } of touches) {
    if (event) all[person]!.events.push(event);
    if (row) rows[person]!.push(row);
  }
}

/** The customer's events so far, as a store would hand them over. */
export const historyOf = ({ shoppers: all }: Shop, person: number): readonly ShopEvent[] =>
  all[person]!.events;

/** The audiences that look at events of a name, by number. */
export function audiencesByEvent(audiences: readonly ShopAudience[]): Map<string, number[]> {
  const byEvent = new Map<string, number[]>();
  audiences.forEach(({ definition }, audience) => {
    const names = new Set<string>();
    for (const leaf of leavesOf(definition.where)) {
      if (leaf.kind === 'event') names.add(leaf.events.name);
      if (leaf.kind !== 'sequence') continue;
      for (const { events } of [{ events: leaf.first }, ...leaf.steps]) names.add(events.name);
    }
    for (const name of names) byEvent.set(name, [...(byEvent.get(name) ?? []), audience]);
  });
  return byEvent;
}

/**
 * Events at random moments for customers chosen by chance, the busy ones more often. Wakes are added by
 * whoever leads, see `lead`.
 */
export class EventFlow {
  private readonly random = new Random(5);
  private now: number;

  constructor(
    private readonly shop: Shop,
    private readonly every: number,
  ) {
    this.now = shop.start + MINUTE_MS;
  }

  next(): Touch {
    this.now += this.random.between(0, 2 * this.every);
    const dice = this.random.next();
    const person = Math.floor(dice * dice * this.shop.shoppers.length);
    const event = shopEvent(this.random, this.now);
    return { person, now: this.now + LOOK_AFTER, event, row: rowOf(person, event) };
  }
}

/** When to look at whom again: one moment each, the earliest first. */
export class Wakes {
  private readonly heap: { person: number; due: number }[] = [];
  private readonly current = new Map<number, number>();

  sooner(person: number, due: number): void {
    if (due >= (this.current.get(person) ?? Infinity)) return;
    this.current.set(person, due);
    const { heap } = this;
    let index = heap.push({ person, due }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (heap[parent]!.due <= heap[index]!.due) break;
      [heap[parent], heap[index]] = [heap[index]!, heap[parent]!];
      index = parent;
    }
  }

  /** Somebody whose moment has come. */
  next(now: number): { person: number; due: number } | undefined {
    for (;;) {
      const first = this.heap[0];
      if (!first || first.due > now) return undefined;
      this.pop();
      if (this.current.get(first.person) !== first.due) continue;
      this.current.delete(first.person);
      return first;
    }
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let index = 0; ;) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2])
        if (child < heap.length && heap[child]!.due < heap[least]!.due) least = child;
      if (least === index) return;
      [heap[index], heap[least]] = [heap[least]!, heap[index]!];
      index = least;
    }
  }
}
