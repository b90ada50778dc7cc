/** When an injected behaviour strikes: on every match, on the next `count`, or by seeded chance. */
export interface Trigger {
  /** How many matches it hits; see each twin's default. */
  count?: number;
  /** 0..1, drawn for each match from a generator seeded with `seed`. */
  probability?: number;
  seed?: number;
}

export type Armed<T extends Trigger> = T & { id: string; remaining: number | null };

interface Entry<T extends Trigger> {
  id: string;
  rule: T;
  remaining: number;
  draw: () => number;
}

/** The injected behaviours of a twin, in the order they were added. */
export class TriggerList<T extends Trigger> {
  private entries: Entry<T>[] = [];
  private next = 1;

  constructor(private readonly defaultCount: (rule: T) => number) {}

  add(rule: T): string {
    const id = String(this.next++);
    const remaining = rule.count ?? (rule.probability == null ? this.defaultCount(rule) : Infinity);
    this.entries.push({ id, rule, remaining, draw: mulberry32(rule.seed ?? 1) });
    return id;
  }

  list(): Armed<T>[] {
    return this.entries.map(({ id, rule, remaining }) => ({
      ...rule,
      id,
      remaining: Number.isFinite(remaining) ? remaining : null,
    }));
  }

  clear(id?: string): void {
    this.entries = id === undefined ? [] : this.entries.filter((entry) => entry.id !== id);
  }

  /** Spends and returns the first rule that matches and strikes. */
  take(matches: (rule: T) => boolean): T | undefined {
    for (const entry of this.entries) {
      if (!matches(entry.rule)) continue;
      if (entry.rule.probability != null && entry.draw() >= entry.rule.probability) continue;
      entry.remaining -= 1;
      if (entry.remaining <= 0) this.clear(entry.id);
      return entry.rule;
    }
    return undefined;
  }
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
