import { type Answer, dueOf } from './answer';
import type { PersonFacts } from './leaf-answer';
import type { PersonState } from './person-state';
import type { Asked, Plan, PlannedLeaf } from './plan';

/** How a person is looked at. */
export interface Look {
  /** Unix milliseconds. */
  now: number;
  /** Of the profile that is looked at, see `ProfileValues`. */
  profileVersion: number;
  /** Whether something beside events, the profile and time may be the reason. */
  woken: boolean;
}

/**
 * Answers audiences, person by person. A leaf is asked again only when an event went into a slot it looks at, its moment
 * has come, or what else it looks at may have changed; an audience when the answer of one of its leaves became another.
 */
export class Answers {
  /** Of all leaves, of the person asked last. */
  private readonly current: Answer[];
  /** By program the last person for whom it is to be asked. */
  private readonly marks: Int32Array;
  private person = 0;
  /** Whether only some programs are to be asked, and which. */
  private some = true;
  private affected: Asked[] = [];

  constructor(private readonly plan: Plan) {
    this.current = [...plan.blank];
    this.marks = new Int32Array(plan.asked.length);
  }

  /**
   * Bring a person's answers up to a moment.
   * @param person with what overflowed of `state` read, too
   * @returns programs and conditions on members whose answer, or its due, may be another one than when the person was last asked; all of them the first
   * time, and when the person was woken
   */
  ask(state: PersonState, person: PersonFacts, look: Look): readonly Asked[] {
    const { plan } = this;
    this.person += 1;
    this.affected = [];
    const known = state.profileVersion >= 0 && look.now >= state.asOf;
    this.some = known && !look.woken;
    this.askProfile(state, person, look, known);
    this.askSlots(state, person, look.now, known);
    state.profileVersion = look.profileVersion;
    state.asOf = look.now;
    state.itemsAsOf = plan.items.changes;
    for (const program of plan.unsettled) this.mark(program);
    const asked = this.some ? this.affected : plan.asked;
    if (asked.length > 0) this.gather(state);
    return asked;
  }

  /**
   * Ask leaves on members of accounts once more, after `ask`: by now it is known who satisfies what.
   * @returns programs whose answer may be another one by that
   */
  askMembers(state: PersonState, person: PersonFacts, now: number): readonly Asked[] {
    this.person += 1;
    this.affected = [];
    this.some = true;
    for (const place of this.plan.memberPlaces) this.askOnProfile(state, place, person, now);
    this.gather(state);
    return this.affected;
  }

  /** The answer of one of these, of the person asked last. */
  of(program: Asked): Answer {
    return program.ask(this.current);
  }

  private askProfile(state: PersonState, person: PersonFacts, look: Look, known: boolean): void {
    const { profileLeaves, identityPlaces, wokenPlaces, profileLooksUp, items } = this.plan;
    const itemsChanged = profileLooksUp && state.itemsAsOf !== items.changes;
    const changed = itemsChanged || state.profileVersion !== look.profileVersion;
    // It may be a member of other accounts now.
    if (changed) for (const member of this.plan.members) this.mark(member);
    if (known && !changed && state.profileDue > look.now) {
      const places = look.woken ? wokenPlaces : identityPlaces;
      if (places.length === 0) return;
      for (const place of places) this.askOnProfile(state, place, person, look.now);
      return;
    }
    state.profileDue = Infinity;
    for (let place = 0; place < profileLeaves.length; place++)
      this.askOnProfile(state, place, person, look.now);
  }

  private askOnProfile(state: PersonState, place: number, person: PersonFacts, now: number): void {
    const leaf = this.plan.leaves[this.plan.profileLeaves[place]!]!;
    const answer = leaf.ask(person, now);
    state.profileDue = Math.min(state.profileDue, dueOf(answer));
    this.keep(state, place, leaf, answer);
  }

  private askSlots(state: PersonState, person: PersonFacts, now: number, known: boolean): void {
    const { items, slots } = this.plan;
    for (const index of state.overflowed) state.outdate(slots[index]!);
    const itemsChanged = state.itemsAsOf !== items.changes;
    if (known && state.due > now && !itemsChanged) return;
    const { dues } = state;
    let due = Infinity;
    for (let nth = 0; nth < dues.length; nth++) {
      if (!known || dues[nth]! <= now || (itemsChanged && slots[state.events.slotAt(nth)!]!.looksUp))
        dues[nth] = this.askSlot(state, nth, person, now);
      if (dues[nth]! < due) due = dues[nth]!;
    }
    state.due = due;
  }

  /** Ask the leaves whose answers are kept with the nth slot; until when time alone changes none of them. */
  private askSlot(state: PersonState, nth: number, person: PersonFacts, now: number): number {
    const { events } = state;
    const slot = this.plan.slots[events.slotAt(nth)!]!;
    const { index, leaves } = slot;
    const own = state.overflowed.has(index) ? person.matches(index) : events.matches(nth, slot);
    const place = events.placeAt(nth);
    let due = Infinity;
    for (let each = 0; each < leaves.length; each++) {
      const leaf = this.plan.leaves[leaves[each]!]!;
      const answer = leaf.ask(person, now, own);
      due = Math.min(due, dueOf(answer));
      this.keep(state, place + each, leaf, answer);
    }
    return due;
  }

  private keep({ answers }: PersonState, place: number, leaf: PlannedLeaf, answer: Answer): void {
    if (answer === answers[place]) return;
    answers[place] = answer;
    if (this.some) for (const program of leaf.programs) this.mark(program);
  }

  private mark(program: Asked): void {
    if (this.marks[program.index] === this.person) return;
    this.marks[program.index] = this.person;
    this.affected.push(program);
  }

  /** All leaves' answers of a person in one list. */
  private gather({ answers, events }: PersonState): void {
    const { current } = this;
    const { blank, profileLeaves, slots: all } = this.plan;
    for (let leaf = 0; leaf < blank.length; leaf++) current[leaf] = blank[leaf]!;
    for (let place = 0; place < profileLeaves.length; place++)
      current[profileLeaves[place]!] = answers[place]!;
    for (let nth = 0; nth < events.length; nth++) {
      const { leaves } = all[events.slotAt(nth)!]!;
      const place = events.placeAt(nth);
      for (let each = 0; each < leaves.length; each++) current[leaves[each]!] = answers[place + each]!;
    }
  }
}
