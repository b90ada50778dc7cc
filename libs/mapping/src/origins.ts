/**
 * A place in the input document: names from its root, lists left out. A function has none of its own, but whoever looks into
 * it finds the input it was made with.
 */
export type InputPath = readonly string[] | 'anywhere' | 'function';

/** Names beyond this depth are read with all that is below. */
const DEEPEST = 16;
const MOST = 500;

/** Where in the input a value may have come from, each with the offset in the expression that says so. */
export class Origins {
  static readonly NONE = new Origins(new Map());

  private constructor(private readonly places: ReadonlyMap<string, { path: InputPath; position?: number }>) {}

  static of(path: InputPath, position?: number): Origins {
    return new Origins(new Map([[keyOf(path), { path, position }]]));
  }

  static union(parts: readonly Origins[]): Origins {
    const all = new Map(parts.flatMap(({ places }) => [...places]));
    // So many that they are better called anything.
    return all.size > MOST ? Origins.of('anywhere') : new Origins(all);
  }

  get size(): number {
    return this.places.size;
  }

  /** What is called `name` in it. */
  child(name: string, position?: number): Origins {
    return Origins.union(
      [...this.places.values()].map(({ path }) =>
        typeof path === 'string'
          ? Origins.of('anywhere', position)
          : Origins.of(path.length >= DEEPEST ? path : [...path, name], position),
      ),
    );
  }

  withoutFunctions(): Origins {
    return new Origins(new Map([...this.places].filter(([, { path }]) => path !== 'function')));
  }

  list(): { path: InputPath; position?: number }[] {
    return [...this.places.values()];
  }

  equals(other: Origins): boolean {
    return this.size === other.size && [...this.places.keys()].every((key) => other.places.has(key));
  }
}

const keyOf = (path: InputPath): string => JSON.stringify(path);
