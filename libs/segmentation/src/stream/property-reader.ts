import { elementsOf, valueAt } from '@percorso/profile';
import type { Test } from '../definition/definition';
import type { ChosenSlots } from './chosen-slots';
import { numericOf } from './numeric';
import { checkOf, constantOf, includes, type Scalar } from './scalar';
import { admits, type Read, type Slot } from './slot';

/** Slots that take only events with one of some values at a path, by the value. */
interface Route {
  place: number;
  slots: Map<Scalar | undefined, Slot[]>;
}

/** Reads of events of one name what their slots look at, once for all slots, and nothing else. */
export class PropertyReader {
  /** Slots that may take any event of the name. */
  private readonly open: Slot[] = [];
  /** The others: however many there are, an event is offered to few. */
  private readonly routes: Route[] = [];
  private readonly paths: string[] = [];
  private readonly lists = new Set<number>();
  private readonly found: Read = { scalars: [], elements: [] };

  /** Where what is at a path will be found. */
  placeOf(path: string): number {
    const known = this.paths.indexOf(path);
    return known >= 0 ? known : this.paths.push(path) - 1;
  }

  /** Have a slot offered the events that may belong to it. */
  serve(slot: Slot, where: readonly Test[]): void {
    const equal = where.find((test) => test.op === 'eq' && test.value.type !== 'date');
    if (!equal || !('value' in equal) || equal.value.type === 'date') {
      this.open.push(slot);
      return;
    }
    const place = this.placeOf(equal.path);
    let route = this.routes.find((one) => one.place === place);
    if (!route) this.routes.push((route = { place, slots: new Map() }));
    const value = constantOf(equal.value);
    const slots = route.slots.get(value);
    if (slots) slots.push(slot);
    else route.slots.set(value, [slot]);
  }

  /** A test of a property whose answer never changes. */
  checkOf(test: Test): (read: Read) => boolean {
    const place = this.placeOf(test.path);
    if (test.op === 'includes') {
      this.lists.add(place);
      return ({ elements }) => includes(test, elements[place] ?? []);
    }
    const check = checkOf(test);
    return ({ scalars }) => check(scalars[place], 0);
  }

  /** Choose the slots that an event belongs to. */
  choose(chosen: ChosenSlots, at: number, read: Read): void {
    chosen.count = 0;
    for (const slot of this.open) if (admits(slot, at, read)) chosen.add(slot);
    for (const { place, slots } of this.routes) {
      const own = slots.get(read.scalars[place]);
      if (own) for (const slot of own) if (admits(slot, at, read)) chosen.add(slot);
    }
  }

  read(properties: Record<string, unknown>): Read {
    const { paths, found } = this;
    for (let place = 0; place < paths.length; place++) {
      const value = valueAt(properties, paths[place]!);
      if (typeof value === 'object') {
        found.scalars[place] = JSON.stringify(value);
        if (this.lists.has(place)) found.elements[place] = elementsOf(value);
      } else {
        found.scalars[place] = typeof value === 'number' ? numericOf(value) : value;
        found.elements[place] = undefined;
      }
    }
    return found;
  }
}
