import type { PersonEvent } from '@percorso/profile';
import { ChosenSlots } from './chosen-slots';
import { PersonState } from './person-state';
import type { Plan } from './plan';

/**
 * State of one workspace's persons, of each as of the end of its partition's last turn, those not used for longest given
 * up first. All of it is found again in the event table, so it may be dropped at any time.
 */
export class PersonCache {
  /** Time as last seen: state forgets what later moments do not need. */
  now = -Infinity;
  private readonly states = new Map<number, PersonState>();
  private held = 0;
  private readonly chosen = new ChosenSlots();

  constructor(readonly plan: Plan) {}

  /** Bytes that are kept, about. */
  get kept(): number {
    return this.held;
  }

  has(person: number): boolean {
    return this.states.has(person);
  }

  get(person: number): PersonState | undefined {
    const state = this.states.get(person);
    if (state) state.used = true;
    return state;
  }

  /** State of a person from all its events, in any order. */
  build(person: number, events: readonly PersonEvent[], now: number): PersonState {
    const state = new PersonState(this.plan);
    this.drop(person);
    this.states.set(person, state);
    for (const event of events) this.take(state, event, now);
    this.held += state.size;
    return state;
  }

  /** Take a new event up. */
  offer(state: PersonState, event: PersonEvent, now: number): void {
    const before = state.size;
    this.take(state, event, now);
    this.held += state.size - before;
  }

  drop(person: number): void {
    const state = this.states.get(person);
    if (!state) return;
    this.held -= state.size;
    this.states.delete(person);
  }

  dropWhere(gone: (person: number) => boolean): void {
    for (const person of this.states.keys()) if (gone(person)) this.drop(person);
  }

  /** Give up what is beyond a bound, in bytes; not while states are in use. */
  shrink(most: number): void {
    for (const [person, state] of this.states) {
      if (this.held <= most) return;
      if (!state.used) {
        this.drop(person);
        continue;
      }
      // Another round for who was looked at since the last one: maps keep the order of insertion, so they come again.
      state.used = false;
      this.states.delete(person);
      this.states.set(person, state);
    }
  }

  private take(state: PersonState, { name, occurredAt, properties }: PersonEvent, now: number): void {
    const reader = this.plan.readers.get(name);
    if (!reader || !properties) return;
    const read = reader.read(properties);
    const at = occurredAt.getTime();
    reader.choose(this.chosen, at, read);
    if (this.chosen.count > 0) state.take(this.chosen, at, read, now);
  }
}
