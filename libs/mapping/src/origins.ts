/** A place in the input document: names from its root, lists left out. undefined: it may be anywhere. */
export type InputPath = readonly string[] | undefined;

/** Names beyond this depth are read with all that is below. */
const DEEPEST = 16;
const MOST = 500;
const ANYWHERE = '*';

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
    return all.size > MOST ? Origins.of(undefined) : new Origins(all);
  }

  get size(): number {
    return this.places.size;
  }

  /** What is called `name` in it. */
  child(name: string, position?: number): Origins {
    return Origins.union(
      [...this.places.values()].map(({ path }) =>
        path === undefined || path.length >= DEEPEST
          ? Origins.of(path, position)
          : Origins.of([...path, name], position),
      ),
    );
  }

  list(): { path: InputPath; position?: number }[] {
    return [...this.places.values()];
  }

  equals(other: Origins): boolean {
    return this.size === other.size && [...this.places.keys()].every((key) => other.places.has(key));
  }
}

const keyOf = (path: InputPath): string => (path === undefined ? ANYWHERE : JSON.stringify(path));
