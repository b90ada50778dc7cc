import { type AskedJob, JobStore } from '../journey/job.store';
import { JourneyJobs } from './care/journey-jobs';
import { useJourneyWorld } from './testing/journey-fixture';
import type { JourneyWorld } from './testing/journey-world';

const HOUR = 3_600_000;

describe('what is asked of people in flight', () => {
  let world: JourneyWorld;
  useJourneyWorld((started) => (world = started));

  const version = (steps: object, more: object = {}): object => ({
    version: 1,
    entries: [{ event: { name: 'Go' } }],
    start: Object.keys(steps)[0],
    steps,
    ...more,
  });
  const first = (): object =>
    version({ nap: { wait: { for: '2h' }, next: 'hello' }, hello: world.send('"Old"') });
  const users = Array.from({ length: 7 }, (_, index) => `u${index}`);

  async function underway(more: object = {}): Promise<string> {
    const journey = await world.journey({ ...first(), ...more });
    await world.say(...users.flatMap((user) => [world.profile(user), world.event(user, 'Go')]));
    world.clock.advance(HOUR);
    return journey;
  }

  const ask = (journey: string, job: AskedJob): Promise<string> =>
    world.database.tx(world.workspaceId, (tx) =>
      world.get(JobStore).ask(tx, journey, job, 'spec', world.clock.now()),
    );

  async function carryOut(): Promise<void> {
    while ((await world.get(JourneyJobs).look(world.workspaceId)) > 0);
  }
  const job = async (): Promise<{ done: number; ended: boolean }> =>
    (
      await world.rows<{ done: number; ended: boolean }>(
        'SELECT done::int AS done, ended_at IS NOT NULL AS ended FROM journey_job WHERE workspace_id = $1',
      )
    )[0]!;

  it('move goes on waiting in the other version until what was due', async () => {
    const journey = await underway();
    const toVersion = await world.publish(
      journey,
      version({ rest: { wait: { for: '9h' }, next: 'hello' }, hello: world.send('"New"') }),
    );
    await ask(journey, { kind: 'move', toVersion, steps: { nap: 'rest' } });
    await carryOut();
    expect(await job()).toEqual({ done: 7, ended: true });
    expect((await world.instances(journey)).map((one) => one.version)).toEqual(Array(7).fill(toVersion));
    await world.pass(HOUR - 1);
    expect(await world.messages()).toEqual([]);
    await world.pass(1);
    expect(await world.subjects()).toEqual(Array(7).fill('New'));
  });

  it('restart begins anew, whatever caps there are', async () => {
    const journey = await underway({ caps: { total: 7 } });
    const toVersion = await world.publish(
      journey,
      version(
        { nap: { wait: { for: '2h' }, next: 'hello' }, hello: world.send('"New"') },
        { caps: { total: 7 } },
      ),
    );
    await ask(journey, { kind: 'restart', toVersion });
    await carryOut();
    const all = await world.instances(journey);
    expect(all.filter(({ endReason }) => endReason === 'restarted')).toHaveLength(7);
    expect(all.filter(({ state, version: on }) => state === 'active' && on === toVersion)).toHaveLength(7);
    await world.pass(HOUR);
    expect(await world.messages()).toEqual([]);
    await world.pass(HOUR);
    expect(await world.subjects()).toEqual(Array(7).fill('New'));
    await world.say(world.profile('late'), world.event('late', 'Go'));
    expect(await world.refusals(journey)).toEqual(['cap-total']);
  });

  it('restart begins with what the API or a jump gave, and with nothing that steps kept', async () => {
    const steps = {
      keep: { update: { context: { word: '"kept"', more: '"more"' } }, next: 'nap' },
      nap: { wait: { for: '1h' } },
    };
    const journey = await world.journey(version(steps, { entries: [{ api: {} }] }));
    const jump = { jump: { journey, context: { word: '"given"' } } };
    await world.journey(version({ jump }));
    await world.say(world.profile('ann'), world.event('ann', 'Go'));
    expect(await world.instances(journey)).toMatchObject([{ context: { word: 'kept', more: 'more' } }]);
    const toVersion = await world.publish(
      journey,
      version({ nap: { wait: { for: '1h' } } }, { entries: [{ api: {} }] }),
    );
    await ask(journey, { kind: 'restart', toVersion });
    await carryOut();
    const anew = (await world.instances(journey)).filter(({ state }) => state === 'active');
    expect(anew.map(({ context }) => context)).toEqual([{ word: 'given' }]);
  });

  it('stop ends those who are inside', async () => {
    const journey = await underway();
    await ask(journey, { kind: 'stop' });
    await carryOut();
    expect(await job()).toEqual({ done: 7, ended: true });
    await world.pass(2 * HOUR);
    expect(await world.messages()).toEqual([]);
    expect((await world.instances(journey)).every(({ endReason }) => endReason === 'stopped')).toBe(true);
  });

  it('waits while the journey is paused', async () => {
    const journey = await underway();
    const toVersion = await world.publish(journey, version({ now: world.send('"New"') }));
    await world.setState(journey, 'paused');
    await ask(journey, { kind: 'restart', toVersion });
    await carryOut();
    expect(await world.messages()).toEqual([]);
    await world.setState(journey, 'live');
    await carryOut();
    expect(await world.subjects()).toEqual(Array(7).fill('New'));
  });
});
