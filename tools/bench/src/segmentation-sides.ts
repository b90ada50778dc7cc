import type { ClickHouseClient } from '@clickhouse/client';
import { findMembers, leavesOf, PASS_SIZE, readLeafSets } from '@percorso/segmentation';
import { Shards } from '@percorso/storage';
import type { Client } from 'pg';
import { type NamedSql, readSql } from './segmentation-sql';
import type { Shop } from './segmentation-store';
import { filled, type ShopAudience } from './shop-audiences';

/** A way of finding members. */
export interface Side {
  title: string;
  /** The members of each audience, ascending, in the order of the audiences. */
  run(): Promise<Uint32Array[]>;
}

const LEAVES = readSql('clickhouse-leaves.sql');
const nowText = ({ now }: Shop): string => now.toISOString().replace('T', ' ').replace('Z', '');

/** As evaluations find them: what waits together is one pass. */
export const ours = (
  clickhouse: ClickHouseClient,
  { workspaceId, now, asOfPos }: Shop,
  audiences: readonly ShopAudience[],
): Side => ({
  title: 'percorso',
  run: async () => {
    const found: Uint32Array[] = [];
    for (let start = 0; start < audiences.length; start += PASS_SIZE) {
      const definitions = audiences.slice(start, start + PASS_SIZE).map(({ definition }) => definition);
      const members = await findMembers(new Shards([clickhouse]), definitions, { workspaceId, now, asOfPos });
      found.push(...members.map((one) => one.persons()));
    }
    return found;
  },
});

/** The conditions alone: each that differs once, without the algebra that makes audiences of them. */
export class Leaves implements Side {
  readonly title = 'leaf queries';
  /** SQL of each distinct condition -> its place. */
  private readonly places = new Map<string, number>();
  private readonly own: { place: number; complement: boolean }[][];

  constructor(
    private readonly clickhouse: ClickHouseClient,
    shop: Shop,
    private readonly audiences: readonly ShopAudience[],
  ) {
    const known = { workspace: shop.workspaceId, now: nowText(shop) };
    const people = LEAVES.find(({ name }) => name === 'people');
    const values = { ...known, people: filled(people?.text ?? '', known) };
    this.own = audiences.map(({ kind, parameters, definition }) => {
      const leaves = LEAVES.filter(({ name }) => name.startsWith(`${kind}.`));
      if (leaves.length !== [...leavesOf(definition.where)].length)
        throw new RangeError(`${kind} has not as many queries as conditions`);
      return leaves.map((leaf) => ({
        place: this.place(leaf, { ...parameters, ...values }),
        complement: leaf.complement,
      }));
    });
  }

  get count(): number {
    return this.places.size;
  }

  async run(): Promise<Uint32Array[]> {
    const found: Uint32Array[] = [];
    for (const persons of this.places.keys()) {
      // Read as ours are: one bitmap, not a row for each person.
      const query = `SELECT toUInt16(0) AS leaf, base64Encode(toString(groupBitmapState(person))) AS persons FROM (${persons})`;
      const sets = [{ key: 'leaf', complement: false }];
      const [set] = (
        await readLeafSets(new Shards([this.clickhouse]), [{ query, params: {}, sets }])
      ).values();
      found.push(set!.toUint32Array());
      set!.dispose();
    }
    return found;
  }

  /** Whether a person belongs to an audience, by what the queries gave. */
  check(found: readonly Uint32Array[], persons: readonly number[], members: readonly Uint32Array[]): void {
    const sets = found.map((ids) => new Set(ids));
    this.audiences.forEach(({ kind, definition }, audience) => {
      const expected = new Set(members[audience]);
      for (const person of persons) {
        let next = 0;
        const holds = answer(definition.where, () => {
          const { place, complement } = this.own[audience]![next++]!;
          return sets[place]!.has(person) !== complement;
        });
        if (holds !== expected.has(person))
          throw new RangeError(`${kind}: leaf queries and percorso differ on ${person}`);
      }
    });
  }

  private place({ text }: NamedSql, parameters: Record<string, string | number>): number {
    const sql = filled(text, parameters);
    let place = this.places.get(sql);
    if (place === undefined) this.places.set(sql, (place = this.places.size));
    return place;
  }
}

type Condition = ShopAudience['definition']['where'];

/** Asks every condition, in reading order, whether needed or not. */
function answer(condition: Condition, leaf: () => boolean): boolean {
  if (condition.kind === 'not') return !answer(condition.condition, leaf);
  if (condition.kind !== 'all' && condition.kind !== 'any') return leaf();
  const parts = condition.conditions.map((inner) => answer(inner, leaf));
  return condition.kind === 'all' ? parts.every(Boolean) : parts.some(Boolean);
}

/** Hand-written queries over PostgreSQL; members come as bytes, so that neither side pays for rows. */
export function postgresSide(
  title: string,
  file: string,
  postgres: Client,
  shop: Shop,
  audiences: readonly ShopAudience[],
): Side {
  const texts = new Map(readSql(file).map(({ name, text }) => [name, text]));
  const queries = audiences.map(({ kind, parameters }) =>
    filled(texts.get(kind) ?? '', { ...parameters, now: nowText(shop) }),
  );
  return {
    title,
    run: async () => {
      const found: Uint32Array[] = [];
      for (const query of queries) {
        const { rows } = await postgres.query<{ persons: Buffer | null }>(
          `SELECT string_agg(int4send(person), '' ORDER BY person) AS persons FROM (${query}) AS found`,
        );
        const bytes = rows[0]?.persons ?? Buffer.alloc(0);
        found.push(
          Uint32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt32BE(index * 4)),
        );
      }
      return found;
    },
  };
}
