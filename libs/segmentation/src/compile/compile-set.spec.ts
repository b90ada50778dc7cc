import type { ClickHouseClient } from '@clickhouse/client';
import fc from 'fast-check';
import { newId } from '@percorso/kernel';
import { Shards } from '@percorso/storage';
import type { Definition } from '../definition/definition';
import { findMembers } from '../evaluation/find-members';
import { arbitraryCondition, arbitrarySubjects, NOW } from './arbitraries';
import { compileLeaves } from './compile-set';
import { loadPopulation } from './population-store';
import { holds, type Subject } from './reference-evaluator';
import { definitionOf, people, SetFixture } from './set-fixture';

const SEED = Number(process.env.PERCORSO_SEED);
/** Definitions tried on each population. */
const CONDITIONS = 10;
const POPULATIONS = 16;

describe('compileSet', () => {
  let world: SetFixture;
  let clickhouse: ClickHouseClient;
  let shards: Shards;

  beforeAll(async () => {
    world = await SetFixture.start();
    clickhouse = world.clickhouse;
    shards = new Shards([clickhouse]);
  }, 120_000);
  afterAll(() => world?.stop());

  const expected = (definition: Definition, subjects: readonly Subject[]): number[] =>
    subjects.flatMap((subject, index) =>
      holds(definition.where, subject, NOW.getTime()) ? [index + 1] : [],
    );

  it(`agrees with the plain evaluator on random persons and definitions (seed ${SEED})`, async () => {
    let members = 0;
    await fc.assert(
      fc.asyncProperty(
        arbitrarySubjects,
        fc.array(arbitraryCondition, { minLength: CONDITIONS, maxLength: CONDITIONS }),
        async (subjects, conditions) => {
          const workspaceId = newId();
          const { asOfPos } = await loadPopulation(clickhouse, workspaceId, subjects);
          const definitions = conditions.map(definitionOf);
          const found = await findMembers(shards, definitions, { workspaceId, now: NOW, asOfPos });
          definitions.forEach((definition, index) => {
            const [where, persons] = [conditions[index], [...found[index]!.persons()]];
            const wanted = expected(definition, subjects);
            expect({ where, persons }).toEqual({ where, persons: wanted });
            members += wanted.length;
          });
        },
      ),
      { seed: SEED, numRuns: POPULATIONS, endOnFailure: true },
    );
    // A generator that only makes empty audiences would prove nothing.
    expect(members).toBeGreaterThan(POPULATIONS * CONDITIONS * 0.5);
  }, 240_000);

  it('agrees on every edge of windows, gaps and ties, one millisecond to either side', async () => {
    const day = 86_400_000;
    const at = (name: string, time: number): Subject['events'][number] => ({
      name,
      at: time,
      properties: { spent: 1 },
    });
    const edges = [0, 1, 2].flatMap((days) => [-1, 0, 1].map((shift) => NOW.getTime() - days * day + shift));
    const changes = [[], ...edges.map((a) => [at('A', a)])].flatMap((firsts) =>
      [
        [],
        ...edges.map((b) => [at('B', b)]),
        [at('B', edges[0] ?? 0), at('B', edges[8] ?? 0), at('A', edges[4] ?? 0)],
      ].map((thens) => ({ events: [...firsts, ...thens] })),
    );
    const subjects = people(changes);
    const windows = [
      undefined,
      { last: '1d' },
      { from: { ago: '2d' }, to: { ago: '1d' } },
      { to: { ago: '1d' } },
    ];
    const within = (window: object | undefined): object => (window ? { within: window } : {});
    const conditions = [
      ...windows.flatMap((window) =>
        [undefined, '1d', '2d'].flatMap((gap) =>
          [
            { present: { name: 'B' } },
            { absent: { name: 'B' } },
            { present: { name: 'A' } },
            { absent: { name: 'A' } },
          ].map((then) => ({
            sequence: { first: { name: 'A', ...within(window) }, then, ...(gap ? { gap } : {}) },
          })),
        ),
      ),
      ...windows.flatMap((window) => [
        { event: { name: 'B', ...within(window) } },
        ...(window ? [{ event: { name: 'B', firstWithin: window } }] : []),
        ...['eq', 'ne', 'lt', 'lte', 'gt', 'gte'].flatMap((op) => [
          { event: { name: 'B', ...within(window), measure: 'last', op, value: { ago: '1d' } } },
          { event: { name: 'B', ...within(window), measure: { sum: 'spent' }, op, value: 1 } },
          { event: { name: 'B', ...within(window), measure: { min: 'spent' }, op, value: 0 } },
          { event: { name: 'B', ...within(window), measure: 'count', op, value: 0 } },
        ]),
      ]),
    ];
    const workspaceId = newId();
    const { asOfPos } = await loadPopulation(clickhouse, workspaceId, subjects);
    const definitions = conditions.map(definitionOf);
    const found = await findMembers(shards, definitions, { workspaceId, now: NOW, asOfPos });
    definitions.forEach((definition, index) => {
      const [where, persons] = [conditions[index], [...found[index]!.persons()]];
      expect({ where, persons }).toEqual({ where, persons: expected(definition, subjects) });
    });
  }, 120_000);

  it('counts and lists as many as are asked for, the lowest first', async () => {
    const workspaceId = newId();
    const subjects = fc.sample(arbitrarySubjects, { seed: SEED, numRuns: 3 }).flat();
    const { asOfPos } = await loadPopulation(clickhouse, workspaceId, subjects);
    const definition = definitionOf({ not: { event: { name: 'Order Completed' } } });
    const [members] = await findMembers(shards, [definition], { workspaceId, now: NOW, asOfPos });
    const persons = expected(definition, subjects);
    expect(members!.size).toBe(persons.length);
    expect([...members!.persons(2)]).toEqual(persons.slice(0, 2));
    expect([...members!.persons(0)]).toEqual([]);
    expect([...members!.persons(persons.length + 1)]).toEqual(persons);
  });

  it('asks each distinct leaf once for all definitions, and keeps every value out of the SQL', () => {
    const order = { event: { name: "Order'; DROP TABLE x --", within: { last: '30d' } } };
    const vip = { trait: { path: 'tier', op: 'eq', value: 'gold' } };
    const conditions = [
      { any: [{ all: [order, vip] }, { not: order }, { all: [vip, { not: vip }] }] },
      order,
    ];
    const definitions = conditions.map(definitionOf);
    const queries = compileLeaves(definitions, { workspaceId: newId(), now: NOW, asOfPos: 7 });
    expect(queries).toHaveLength(1);
    const [{ query, params, sets }] = queries as [(typeof queries)[0]];
    expect(sets).toHaveLength(3);
    expect(query.match(/percorso\.event/g)).toHaveLength(1);
    expect(query.match(/percorso\.node_person/g)).toHaveLength(1);
    expect(query.match(/percorso\.profile/g)).toHaveLength(1);
    expect(query.match(/groupBitmapStateIf/g)).toHaveLength(1);
    expect(query).not.toMatch(/DROP|gold/);
    expect(Object.values(params)).toEqual(expect.arrayContaining(["Order'; DROP TABLE x --", 'gold', '7']));
  });

  it('takes a measure once, whatever it is compared with', async () => {
    const spent = (op: string, value: number): object => ({
      event: { name: 'A', within: { last: '30d' }, measure: { sum: 'spent' }, op, value },
    });
    const definitions = [spent('gte', 3), spent('gt', 3), spent('lt', 2), { not: spent('eq', 0) }].map(
      definitionOf,
    );
    const at = NOW.getTime() - 1;
    const subjects = people(
      [0, 1, 2, 3, 4].map((n) => ({
        events: Array.from({ length: n }, () => ({ name: 'A', at, properties: { spent: 1 } })),
      })),
    );
    const workspaceId = newId();
    const { asOfPos } = await loadPopulation(clickhouse, workspaceId, subjects);
    const scope = { workspaceId, now: NOW, asOfPos };
    const query = compileLeaves(definitions, scope)
      .map((one) => one.query)
      .join();
    expect(query.match(/percorso\.event/g)).toHaveLength(1);
    const found = await findMembers(shards, definitions, scope);
    expect(found.map((members) => [...members.persons()])).toEqual([[4, 5], [5], [1, 2], [2, 3, 4, 5]]);
  });

  it('asks however much in several queries, and finds the same', async () => {
    const subjects = people([
      { traits: { n: 7 }, events: [{ name: 'E7', at: NOW.getTime() - 1, properties: {} }] },
      {},
    ]);
    const workspaceId = newId();
    const { asOfPos } = await loadPopulation(clickhouse, workspaceId, subjects);
    const numbers = Array.from({ length: 120 }, (_, index) => index);
    const conditions = [
      ...numbers.map((value) => ({ trait: { path: 'n', op: 'eq', value } })),
      ...numbers
        .slice(0, 20)
        .flatMap((value) => [
          { event: { name: `E${value}` } },
          { not: { event: { name: `E${value}`, measure: 'count', op: 'eq', value: 0 } } },
        ]),
    ];
    const definitions = conditions.map(definitionOf);
    const scope = { workspaceId, now: NOW, asOfPos };
    const queries = compileLeaves(definitions, scope);
    expect(queries.length).toBe(2);
    const found = await findMembers(shards, definitions, scope);
    expect(found.map(({ size }) => size)).toEqual(definitions.map((one) => expected(one, subjects).length));
    expect(found.reduce((sum, { size }) => sum + size, 0)).toBe(3);
  });

  it('sums beyond what floats and 38 digits hold', async () => {
    const workspaceId = newId();
    const huge = 99_999_999_999_999_999_999_999_999_999n;
    const values = Array.from({ length: 3 }, (_, index) => ({
      workspace_id: workspaceId,
      name: 'Order Completed',
      node: 1,
      occurred_at: NOW.toISOString(),
      received_at: NOW.toISOString(),
      pos: index + 1,
      numbers: { revenue: `${huge}.000000001`, cents: '0.1' },
    }));
    await clickhouse.insert({ table: 'percorso.event', values, format: 'JSONEachRow' });
    await clickhouse.insert({
      table: 'percorso.node_person',
      values: [{ workspace_id: workspaceId, node: 1, person: 1, version: 1 }],
      format: 'JSONEachRow',
    });
    await clickhouse.insert({
      table: 'percorso.profile',
      values: [{ workspace_id: workspaceId, person: 1, version: 1, deleted: 0 }],
      format: 'JSONEachRow',
    });
    const count = async (measure: object, op: string, value: unknown): Promise<number> => {
      const where = { event: { name: 'Order Completed', measure, op, value } };
      const scope = { workspaceId, now: NOW, asOfPos: 3 };
      const [members] = await findMembers(shards, [definitionOf(where)], scope);
      return members!.size;
    };
    expect(await count({ sum: 'revenue' }, 'gt', { decimal: `${huge}.999999999` })).toBe(1);
    expect(await count({ avg: 'revenue' }, 'eq', { decimal: `${huge}.000000001` })).toBe(1);
    expect(await count({ sum: 'cents' }, 'eq', 0.3)).toBe(1);
  });
});
