import { InsightService } from '../../insight/insight.service';
import { useJourneyWorld } from '../../runtime/testing/journey-fixture';
import type { JourneyWorld } from '../../runtime/testing/journey-world';
import { ComparisonService } from '../report/comparison.service';
import { SimulationJobs } from './simulation-jobs';
import { SimulationReportService } from '../report/simulation-report.service';
import { SimulationService } from './simulation.service';

const HOUR = 3_600_000;

describe('a simulation over what really happened', () => {
  let world: JourneyWorld;
  useJourneyWorld((started) => (world = started));

  const cart = (wait: string): object => ({
    version: 1,
    entries: [{ event: { name: 'Cart Updated', where: [{ path: 'total', op: 'gte', value: 20 }] } }],
    where: { trait: { path: 'tier', op: 'eq', value: 'gold' } },
    goal: { event: { name: 'Order Completed' } },
    start: 'wait',
    steps: {
      wait: { wait: { for: wait }, next: 'remind' },
      remind: world.send('"Hi " & event.properties.sku'),
    },
  });

  it('finds what the live journey did, and where another version would differ', async () => {
    const from = world.clock.now();
    const journey = await world.journey(cart('1h'));
    await world.say(
      ...['ann', 'ben', 'cleo'].map((user) => world.profile(user, { tier: 'gold' })),
      world.profile('dora', { tier: 'iron' }),
    );
    const users = ['ann', 'ben', 'cleo', 'dora'];
    await world.say(...users.map((user) => world.event(user, 'Cart Updated', { total: 30, sku: user })));
    await world.pass(HOUR / 2);
    await world.say(world.event('cleo', 'Order Completed'));
    await world.pass(HOUR / 2);
    await world.pass(HOUR);
    await world.publish(journey, cart('90m'));

    const { workspaceId } = world;
    const window = { from: from.toISOString(), until: world.clock.now().toISOString() };
    const simulate = async (version: number): Promise<string> => {
      const { id } = await world
        .get(SimulationService)
        .ask(workspaceId, 'spec', journey, { ...window, version });
      while ((await world.get(SimulationJobs).look(workspaceId)) > 0);
      return id;
    };
    const [first, second] = [await simulate(1), await simulate(2)];
    const reports = world.get(SimulationReportService);
    const report = await reports.get(workspaceId, journey, first);
    expect(report).toMatchObject({ state: 'done', persons: 4, progress: 1 });
    const live = await world.get(InsightService).report(workspaceId, journey, 1);
    expect(report.report).toMatchObject({
      ...{ entered: live.entered, inside: live.inside, ended: live.ended, refused: live.refused },
      steps: live.steps,
    });
    expect(report.report).toMatchObject({
      entered: 3,
      ended: { completed: 2, goal: 1 },
      refused: { where: 1 },
    });
    const { data } = await reports.messages(workspaceId, journey, first, { limit: 10 }, true);
    const sent = await world.messages();
    expect(data.map(({ at, payload }) => [at, payload])).toEqual(
      sent.map(({ at, payload }) => [at, payload]),
    );
    expect(sent).toHaveLength(2);

    const compared = await world.get(ComparisonService).compare(workspaceId, journey, first, second);
    expect(compared).toMatchObject({
      messages: { same: 0, otherTime: 2, otherContent: 0, onlyFirst: 0, onlySecond: 0 },
      profiles: { both: 2, onlyFirst: 0, onlySecond: 0 },
    });
  });
});
