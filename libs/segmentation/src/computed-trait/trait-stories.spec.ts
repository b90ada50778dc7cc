import fc from 'fast-check';
import { EventReader, LoadGate, type ProfileValues, ProfileReader } from '@percorso/profile';
import { Shards } from '@percorso/storage';
import { arbitraryCondition, measuredTrait } from '../compile/arbitraries';
import { nobody } from '../compile/set-fixture';
import { numericOfText, unitsOf } from '../stream/numeric';
import type { StreamWorld } from '../stream/stream-world';
import { useStreamWorld } from '../stream/stream-fixture';
import { findValues } from './find-values';
import { parseTrait } from './parse-trait';
import { referenceValue } from './reference-value';
import type { MeasuredTrait, TraitDefinition } from './trait-definition';
import { TraitWorld } from './trait-world';

const SEED = Number(process.env.PERCORSO_SEED);
/** More than one: the same over so many ClickHouse servers. */
const SHARDS = Number(process.env.PERCORSO_SHARDS ?? 1);
const STORIES = Number(process.env.PERCORSO_STORIES ?? 2);
const NAMES = ['Order Completed', 'Email Opened', "Quote'd"];
const [HOUR, DAY] = [3_600_000, 86_400_000];

const who = fc.constantFrom<{ userId?: string; anonymousId?: string }>(
  { userId: 'u0' },
  { userId: 'u1' },
  { anonymousId: 'a0' },
  { anonymousId: 'a1' },
);
const properties = fc.record(
  {
    spent: fc.constantFrom(0, 1, 150, 0.3, 19.99),
    tier: fc.constantFrom<unknown>('gold', 'a', 1, true, ['a']),
    seen: fc.constantFrom('2026-06-15T12:00:00Z', '2026-06-14', '2026-07-15T11:59:59.999Z'),
    t0: fc.constantFrom('said', 7),
  },
  { requiredKeys: ['spent', 'tier'] },
);
const happened = fc.record({
  kind: fc.constant('event' as const),
  who,
  name: fc.constantFrom('Order Completed', ...NAMES),
  ago: fc.constantFrom(0, 1, HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY - 1, 30 * DAY, 30 * DAY + 1, 90 * DAY),
  properties,
  copies: fc.constantFrom(1, 1, 2),
});
const step = fc.oneof(
  { weight: 14, arbitrary: happened },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('identify' as const), who, traits: properties }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('login' as const),
      userId: fc.constantFrom('u0', 'u1'),
      anonymousId: fc.constantFrom('a0', 'a1'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'unmerge' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 999, HOUR, DAY - 1, DAY, DAY + 1, 7 * DAY, 23 * DAY, 60 * DAY),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'archive' as const }) },
  { weight: 1, arbitrary: measuredTrait.map((definition) => ({ kind: 'redefine' as const, definition })) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
/** Those that most events change. */
const OFTEN = [
  { version: 1, event: { name: 'Order Completed', measure: { sum: 'spent' } } },
  {
    version: 1,
    event: { name: 'Order Completed', within: { last: '30d' }, measure: { mostFrequent: 'tier' } },
  },
];
const conditionTrait = arbitraryCondition
  .map((where) => ({ version: 1, where }))
  .filter((definition) => parseTrait(definition).ok);

const definitionOf = (json: object): TraitDefinition => {
  const parsed = parseTrait(json);
  if (!parsed.ok) throw new TypeError(JSON.stringify(parsed));
  return parsed.trait;
};

describe('computed traits in random stories', () => {
  let world: StreamWorld;
  let traits: TraitWorld;
  let serial = 0;

  useStreamWorld((started) => {
    world = started;
    traits = new TraitWorld(world);
  }, SHARDS);

  async function take(one: Step, definitions: Map<string, object>): Promise<void> {
    const messageId = `m${++serial}`;
    switch (one.kind) {
      case 'event': {
        const timestamp = new Date(world.clock.now().getTime() - one.ago).toISOString();
        const { name: event, properties } = one;
        const item = { type: 'track', messageId, timestamp, event, properties, ...one.who };
        return world.say(...Array.from({ length: one.copies }, () => item));
      }
      case 'identify':
        return world.say({ type: 'identify', messageId, ...one.who, traits: one.traits });
      case 'login': {
        const { userId, anonymousId } = one;
        return world.say({ type: 'identify', messageId, userId, anonymousId, traits: {} });
      }
      case 'unmerge':
        await world.unmergeAll();
        return world.stream();
      case 'wait':
        world.clock.advance(one.ms);
        await world.sweep();
        return world.stream();
      case 'restart':
        return world.forget();
      case 'archive':
        await world.archive();
        return world.forget();
      case 'redefine':
        definitions.set('t2', one.definition);
        await traits.redefine('t2', one.definition);
        return traits.work();
    }
  }

  /** What conditions see of all live persons. */
  async function profiles(): Promise<ProfileValues[]> {
    const { workspaceId, database } = world;
    return database.tx(workspaceId, async (tx) => {
      const { rows } = await tx.query<{ person: number }>(
        `SELECT person FROM profile WHERE workspace_id = $1 AND state = 'active' ORDER BY person`,
        [workspaceId],
      );
      const persons = rows.map(({ person }) => person);
      return [...(await world.get(ProfileReader).values(tx, persons, {})).values()];
    });
  }

  /** A measured trait of everybody, as the set finds it and as it is read literally from the events there are. */
  async function others(
    trait: MeasuredTrait,
    persons: readonly number[],
  ): Promise<{ set: unknown[]; plain: unknown[] }> {
    const now = world.clock.now();
    const { workspaceId } = world;
    const valueOf = await world
      .get(LoadGate)
      .holdLoaded(workspaceId, ({ pos: asOfPos }) =>
        findValues(world.get(Shards), trait, { workspaceId, now, asOfPos }),
      );
    const events = await world.database.tx(world.workspaceId, (tx) =>
      world.get(EventReader).ofPersons(tx, persons, NAMES, Number.MAX_SAFE_INTEGER),
    );
    const read = events.map(({ occurredAt, properties = {}, ...event }) => ({
      ...event,
      at: occurredAt.getTime(),
      properties,
    }));
    return {
      set: persons.map(valueOf),
      plain: persons.map((person) =>
        referenceValue(
          trait,
          { ...nobody, person, events: read.filter((one) => one.person === person) },
          now.getTime(),
        ),
      ),
    };
  }

  async function compare(definitions: ReadonlyMap<string, object>): Promise<number> {
    const all = await profiles();
    const persons = all.map(({ person }) => person);
    let values = 0;
    for (const [key, json] of definitions) {
      const definition = definitionOf(json);
      const kept = all.map(({ traits: { numbers, strings, booleans } }) =>
        key in numbers ? unitsOf(numericOfText(numbers[key]!)) : (strings[key] ?? booleans[key]),
      );
      if (definition.kind === 'measure') {
        const { set, plain } = await others(definition, persons);
        expect({ json, kept, set }).toEqual({ json, kept: plain, set: plain });
      } else {
        const members = await world.set((json as { where: object }).where);
        expect({ json, kept }).toEqual({ json, kept: persons.map((person) => members.includes(person)) });
      }
      values += kept.filter((value) => value !== undefined && value !== 0n && value !== false).length;
    }
    return values;
  }

  it(
    `are, kept by events and time, what the set finds and what is read literally (seed ${SEED})`,
    async () => {
      let values = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(measuredTrait, { minLength: 3, maxLength: 5 }),
          fc.array(conditionTrait, { minLength: 1, maxLength: 3 }),
          fc.array(step, { minLength: 12, maxLength: 25 }),
          async (measured, conditions, steps) => {
            await world.newWorkspace();
            await world.sweep();
            const definitions = new Map(
              [...OFTEN, ...measured, ...conditions].map((json, index) => [`t${index}`, json]),
            );
            for (const [key, json] of definitions) await traits.define(key, json);
            await traits.work();
            for (const [index, one] of steps.entries()) {
              await take(one, definitions);
              if (index % 3 === 2 || index === steps.length - 1) values += await compare(definitions);
            }
            expect(await traits.check()).toBe(0);
          },
        ),
        { seed: SEED, numRuns: STORIES, endOnFailure: true },
      );
      expect(values).toBeGreaterThan(STORIES * 5);
    },
    300_000 + STORIES * 15_000,
  );
});
