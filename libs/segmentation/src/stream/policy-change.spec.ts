import { startTestEngines, TestEngines } from '@percorso/engines';
import { StreamWorld } from './stream-world';

const PEOPLE = 30;

describe('a merge policy that changes', () => {
  let engines: TestEngines;
  let world: StreamWorld;
  let gold: string;
  let serial = 0;

  beforeAll(async () => {
    engines = await startTestEngines();
    world = await StreamWorld.start(engines);
  });
  afterAll(async () => {
    await world?.stop();
    await engines?.stop();
  });
  beforeEach(async () => {
    await world.newWorkspace();
    await world.sweep();
    gold = await world.newAudience({ trait: { path: 'tier', op: 'eq', value: 'gold' } });
    await world.evaluate(gold);
  });

  const everybody = Array.from({ length: PEOPLE }, (_, index) => `u${index}`);

  async function say(source: string, tier: string, ...users: string[]): Promise<void> {
    world.source = source;
    world.clock.advance(1000);
    const timestamp = world.clock.now().toISOString();
    await world.say(
      ...users.map((userId) => ({
        type: 'identify',
        messageId: `t${++serial}`,
        userId,
        traits: { tier },
        timestamp,
      })),
    );
  }

  it('takes its persons in and out of audiences as profiles come under it, without events and without drift', async () => {
    await say('crm', 'gold', ...everybody);
    await say('web', 'basic', ...everybody.slice(10));
    expect(await world.members(gold)).toHaveLength(10);

    await world.rankSources('crm', 'web');
    await world.rollOut(15);
    await world.stream();
    expect(await world.members(gold)).toHaveLength(15);
    expect(await world.evaluate(gold)).toMatchObject({ drift: 0, members: 15 });
    await world.rollOut(100);
    await world.stream();
    expect(await world.members(gold)).toHaveLength(PEOPLE);

    // What ranks lower changes nothing, however late it comes.
    await say('web', 'silver', ...everybody);
    expect(await world.members(gold)).toHaveLength(PEOPLE);
    await world.rankSources();
    await world.rollOut(100);
    await world.stream();
    expect(await world.members(gold)).toHaveLength(0);
    expect(await world.evaluate(gold)).toMatchObject({ drift: 0, members: 0 });

    const causes = (await world.deltas(gold)).map(({ op, cause }) => JSON.stringify([op, cause]));
    const count = (op: string, version: number): number =>
      causes.filter((one) => one === JSON.stringify([op, { kind: 'merge-policy', version }])).length;
    expect([count('enter', 2), count('exit', 3)]).toEqual([20, PEOPLE]);
  });

  it('is met by events that come before the rollout does', async () => {
    await say('crm', 'gold', 'u1');
    await say('web', 'basic', 'u1');
    await world.evaluate(gold);
    await world.rankSources('crm');
    await say('web', 'silver', 'u1');
    expect(await world.members(gold)).toHaveLength(1);
    await world.rollOut(100);
    await world.stream();
    expect(await world.evaluate(gold)).toMatchObject({ drift: 0, members: 1 });
  });
});
