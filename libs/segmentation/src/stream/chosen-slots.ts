import type { Slot } from './slot';

/** Slots an event goes into, ascending by number. One object serves event after event, so that none leaves garbage. */
export class ChosenSlots {
  /** How many of these count; what comes after them is of other events. */
  count = 0;
  readonly slots: Slot[] = [];
  /** Where a person has each of them. */
  readonly nths: number[] = [];

  add(slot: Slot): void {
    const { slots } = this;
    let place = this.count++;
    for (; place > 0 && slots[place - 1]!.index > slot.index; place--) slots[place] = slots[place - 1]!;
    slots[place] = slot;
  }
}
