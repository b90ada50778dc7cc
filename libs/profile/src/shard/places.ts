import { firstShard } from '@percorso/storage';

/** A home whose rows go, or went, from one shard to another. */
export interface Move {
  home: number;
  from: number;
  to: number;
  /** There may be rows of it at the target: of a move that broke off, or of an earlier stay. */
  clean: boolean;
}

/** What is kept of a home that was moved. */
export interface KeptPlace {
  home: number;
  shard: number;
  movingTo: number | null;
  leftBehind: readonly number[];
}

/**
 * Which shard rows belong to. Rows follow their home, the person an identity was born into, which never changes; all
 * homes of a person are on one shard.
 */
export class Places {
  private readonly kept: Map<number, KeptPlace>;

  constructor(
    private readonly workspaceId: string,
    readonly shards: number,
    private readonly homes: ReadonlyMap<number, number> = new Map(),
    kept: readonly KeptPlace[] = [],
  ) {
    this.kept = new Map(kept.map((place) => [place.home, place]));
  }

  /** The home of a node: the person it was born into. */
  homeOf(node: number): number {
    return this.homes.get(node) ?? node;
  }

  /** The shard of a home, or of a person: it is named after its first home. */
  of(home: number): number {
    return this.kept.get(home)?.shard ?? firstShard(this.workspaceId, home, this.shards);
  }

  ofNode(node: number): number {
    return this.of(this.homeOf(node));
  }

  /** Moves that were begun before. */
  pending(): Move[] {
    return [...this.kept.values()].flatMap(({ home, shard, movingTo }) =>
      movingTo === null ? [] : [{ home, from: shard, to: movingTo, clean: true }],
    );
  }

  /** Moves that bring the homes of `nodes` to where their person's first home is. */
  moves(nodes: readonly { node: number; person: number }[]): Move[] {
    const moves = new Map<number, Move>();
    for (const { node, person } of nodes) {
      const home = this.homeOf(node);
      const [from, to] = [this.of(home), this.of(person)];
      const clean = this.kept.get(home)?.leftBehind.includes(to) ?? false;
      if (from !== to) moves.set(home, { home, from, to, clean });
    }
    return [...moves.values()];
  }

  after(moves: readonly Move[]): Places {
    const kept = new Map(this.kept);
    for (const { home, from, to } of moves) {
      const leftBehind = [...(kept.get(home)?.leftBehind ?? []).filter((shard) => shard !== to), from];
      kept.set(home, { home, shard: to, movingTo: null, leftBehind });
    }
    return new Places(this.workspaceId, this.shards, this.homes, [...kept.values()]);
  }
}

/** Rows by the shard they belong to, shards without rows left out. */
export function byShard<T>(rows: readonly T[], shardOf: (row: T) => number): Map<number, T[]> {
  const parts = new Map<number, T[]>();
  for (const row of rows) {
    const shard = shardOf(row);
    const part = parts.get(shard);
    if (part) part.push(row);
    else parts.set(shard, [row]);
  }
  return parts;
}
