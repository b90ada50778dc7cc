import { elementsOf, valueAt } from '@percorso/profile';
import type { Test } from '../definition/definition';
import { numericOf } from './numeric';
import { checkOf, includes, type Scalar } from './scalar';

/** What is at a reader's paths in one event, by place. Valid until the reader reads another one. */
export interface Read {
  scalars: (Scalar | undefined)[];
  /** Of lists, where a test asks for them. */
  elements: (readonly string[] | undefined)[];
}

/** Reads of events of one name what their slots look at, once for all slots, and nothing else. */
export class PropertyReader {
  private readonly paths: string[] = [];
  private readonly lists = new Set<number>();
  private readonly found: Read = { scalars: [], elements: [] };

  /** Where what is at a path will be found. */
  placeOf(path: string): number {
    const known = this.paths.indexOf(path);
    return known >= 0 ? known : this.paths.push(path) - 1;
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
