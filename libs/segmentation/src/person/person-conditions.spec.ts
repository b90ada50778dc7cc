import fc from 'fast-check';
import { arbitraryCondition, arbitrarySubjects } from '../compile/arbitraries';
import type { Condition, WrittenLeaf } from '../definition/definition';
import { parseDefinition } from '../definition/parse-definition';
import { useStreamWorld } from '../stream/stream-fixture';
import type { StreamWorld } from '../stream/stream-world';
import { PersonConditions } from './person-conditions';

const SEED = Number(process.env.PERCORSO_SEED);
const CONDITIONS = Number(process.env.PERCORSO_CASES ?? 500) / 10;
/** What the world below does not have, and what only audiences may ask. */
const ELSEWHERE = /"(imported|accountMember|lookup|account|identity)"/;

const conditionOf = (where: object): Condition<WrittenLeaf> => {
  const parsed = parseDefinition({ version: 1, where });
  if (!parsed.ok) throw new TypeError(JSON.stringify(parsed.errors));
  return parsed.definition.where;
};

describe('PersonConditions', () => {
  let world: StreamWorld;
  let serial = 0;
  useStreamWorld((started) => (world = started));

  const order = (userId: string, revenue = 10): object => ({
    ...{ type: 'track', userId, event: 'Order Completed', properties: { revenue } },
    messageId: `o${++serial}`,
  });
  const identify = (userId: string, traits: object): object => ({
    ...{ type: 'identify', messageId: `i${++serial}`, userId, traits },
  });

  async function persons(): Promise<Map<string, number>> {
    const { rows } = await world.database.tx(world.workspaceId, (tx) =>
      tx.query<{ value: string; person: number }>(
        `SELECT value, person FROM identity_node WHERE workspace_id = $1 AND namespace = 'user_id'`,
        [world.workspaceId],
      ),
    );
    return new Map(rows.map(({ value, person }) => [value, person]));
  }
  async function holding(
    condition: Condition<WrittenLeaf>,
    asked: Iterable<number>,
    at = world.clock.now(),
  ): Promise<number[]> {
    const all = [...asked];
    const answers = await world.database.tx(world.workspaceId, (tx) =>
      world.get(PersonConditions).holds(
        tx,
        all.map((person) => ({ person, condition, at })),
      ),
    );
    return all.filter((_, index) => answers[index]);
  }

  it(`finds whom the set computation finds (seed ${SEED}, ${CONDITIONS} conditions)`, async () => {
    const [subjects] = fc.sample(
      arbitrarySubjects.filter((some) => some.length > 9),
      { seed: SEED, numRuns: 1 },
    );
    const conditions = fc.sample(
      arbitraryCondition.filter((where) => !ELSEWHERE.test(JSON.stringify(where))),
      { seed: SEED, numRuns: CONDITIONS },
    );
    await world.say(
      ...subjects!.flatMap(({ person, traits, events }) => [
        identify(`u${person}`, traits),
        ...events.map(({ name, at, properties }) => ({
          ...{ type: 'track', userId: `u${person}`, event: name, properties, messageId: `e${++serial}` },
          timestamp: new Date(at).toISOString(),
        })),
      ]),
    );
    await world.load();
    const everybody = [...(await persons()).values()].sort((a, b) => a - b);
    let found = 0;
    for (const where of conditions) {
      const members = await world.set(where);
      expect([where, await holding(conditionOf(where), everybody)]).toEqual([where, members]);
      if (members.length > 0 && members.length < everybody.length) found += 1;
    }
    // One that holds for all or for none would prove little.
    expect(found).toBeGreaterThan(CONDITIONS / 10);
  });

  it('answers several conditions of several persons at once, each at its own moment', async () => {
    await world.say(order('ann'), order('ben'));
    const early = world.clock.now();
    world.clock.advance(60_000);
    await world.say(order('ann'));
    const [twice, once] = [2, 1].map((value) =>
      conditionOf({ event: { name: 'Order Completed', op: 'gte', value } }),
    );
    const known = await persons();
    const [ann, ben, late] = [known.get('ann')!, known.get('ben')!, world.clock.now()];
    const answers = await world.database.tx(world.workspaceId, (tx) =>
      world.get(PersonConditions).holds(tx, [
        { person: ann, condition: twice!, at: late },
        { person: ann, condition: twice!, at: early },
        { person: ben, condition: once!, at: early },
        { person: ben, condition: twice!, at: late },
        { person: 4711, condition: once!, at: late },
      ]),
    );
    expect(answers).toEqual([true, false, true, false, false]);
  });

  it('goes by what a named audience says today, edited or not', async () => {
    const buyers = await world.newAudience({ event: { name: 'Order Completed' } });
    const loyal = await world.newAudience({
      all: [{ audience: { id: buyers } }, { trait: { path: 'tier', op: 'eq', value: 'gold' } }],
    });
    await world.say(order('ann'), identify('ann', { tier: 'gold' }), order('ben'), identify('cleo', {}));
    const known = await persons();
    const named = conditionOf({ not: { audience: { id: loyal } } });
    const name = (people: number[]): string[] =>
      [...known].flatMap(([value, person]) => (people.includes(person) ? [value] : [])).sort();
    expect(name(await holding(named, known.values()))).toEqual(['ben', 'cleo']);
    await world.database.tx(world.workspaceId, (tx) =>
      tx.query(
        `UPDATE audience_definition SET definition = '{"version": 1, "where": {"trait": {"path": "tier", "op": "exists", "value": false}}}'
         WHERE workspace_id = $1 AND audience_id = $2`,
        [world.workspaceId, buyers],
      ),
    );
    expect(name(await holding(named, known.values()))).toEqual(['ann', 'ben', 'cleo']);
  });

  it('asks who is a member of an audience that looks at members of accounts', async () => {
    const colleagues = await world.newAudience({
      accountMember: { where: { event: { name: 'Order Completed' } } },
    });
    const group = (userId: string): object => ({
      ...{ type: 'group', messageId: `g${++serial}`, userId, groupId: 'acme', traits: {} },
    });
    await world.say(group('ann'), group('ben'), identify('cleo', {}));
    await world.evaluate(colleagues);
    await world.say(order('ann'));
    await world.stream();
    const known = await persons();
    const condition = conditionOf({ audience: { id: colleagues } });
    const found = await holding(condition, known.values());
    expect(found.sort()).toEqual([known.get('ann'), known.get('ben')].sort());
    const direct = conditionOf({ accountMember: { where: { event: { name: 'Order Completed' } } } });
    await expect(holding(direct, known.values())).rejects.toThrow('asked by audiences only');
  });
});
