import { startTestEngines, type TestEngines } from '@percorso/engines';
import { StreamWorld } from './stream-world';

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];

/** Where clocks change by an hour or half of one, at night, at midnight (which is then skipped), or not at all. */
const ZONES = [
  'Europe/Rome',
  'America/New_York',
  'America/Santiago',
  'Africa/Cairo',
  'Asia/Beirut',
  'America/Havana',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Asia/Kathmandu',
];

/** Local date and time, `2026-10-25 02:00:00`: by the platform, not by the code under test. */
const localText = (zone: string, at: number): string =>
  new Date(at).toLocaleString('sv-SE', { timeZone: zone, hourCycle: 'h23' });

const offsetOf = (zone: string, at: number): number =>
  Date.parse(`${localText(zone, at)}Z`) - Math.floor(at / 1000) * 1000;

/** The first moment in [from, to) for which `isAfter` holds; it holds from there on. */
function turnOf(from: number, to: number, isAfter: (at: number) => boolean): number {
  let [before, after] = [from - 1, to];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (isAfter(middle)) after = middle;
    else before = middle;
  }
  return after;
}

/** When a zone's clocks change in a span of time. */
function changesOf(zone: string, from: number, to: number): number[] {
  const changes: number[] = [];
  for (let at = from; at < to; at += DAY) {
    const before = offsetOf(zone, at);
    if (offsetOf(zone, at + DAY) !== before)
      changes.push(turnOf(at, at + DAY, (when) => offsetOf(zone, when) !== before));
  }
  return changes;
}

describe('calendar conditions where clocks change', () => {
  let engines: TestEngines;
  let world: StreamWorld;
  let serial = 0;

  beforeAll(async () => {
    engines = await startTestEngines();
    world = await StreamWorld.start(engines);
    await world.newWorkspace();
  }, 120_000);

  afterAll(async () => {
    await world?.stop();
    await engines?.stop();
  });

  it('lets everybody enter and leave with the first moment of their own day, not a millisecond off', async () => {
    const start = world.clock.now().getTime();
    const changes = ZONES.flatMap((zone) =>
      changesOf(zone, start, start + 365 * DAY).map((at) => ({ zone, at })),
    );
    for (const zone of ZONES.slice(0, -1))
      expect(changes.filter((change) => change.zone === zone)).toHaveLength(2);
    // Begins of the local days around each change: the day it is on, and the one after.
    const turns = changes
      .flatMap(({ zone, at }) =>
        [at - DAY, at, at + DAY].map((when) => {
          const day = localText(zone, when).slice(0, 10);
          const begin = turnOf(
            when - 27 * HOUR,
            when + 1,
            (moment) => localText(zone, moment).slice(0, 10) >= day,
          );
          return { zone, day, begin };
        }),
      )
      .sort((a, b) => a.begin - b.begin);
    const skipped = turns.filter(({ zone, begin }) => localText(zone, begin).slice(11) !== '00:00:00');
    expect(new Set(skipped.map(({ zone }) => zone)).size).toBeGreaterThanOrEqual(3);

    const persons = [
      ...new Map(turns.map(({ zone, day }) => [`${zone} ${day.slice(5)}`, { zone, day }])).values(),
    ];
    const where = { calendar: { path: 'born', in: { from: 0, to: 0 }, zone: { trait: 'zone' } } };
    const audience = await world.newAudience(where);
    await world.evaluate(audience);
    for (const { zone, day } of persons) {
      await world.say({
        type: 'identify',
        messageId: `m${++serial}`,
        userId: `${zone} ${day}`,
        traits: { zone, born: `1990${day.slice(4)}` },
      });
    }
    const expected = (now: number): number[] =>
      persons.flatMap(({ zone, day }, index) =>
        localText(zone, now).slice(5, 10) === day.slice(5, 10) ? [index + 1] : [],
      );
    const go = async (to: number, sweeping = false): Promise<void> => {
      if (to > world.clock.now().getTime()) world.clock.advance(to - world.clock.now().getTime());
      if (sweeping) await world.sweep();
      await world.stream();
      const now = world.clock.now().getTime();
      expect({ now: new Date(now), members: await world.members(audience) }).toEqual({
        now: new Date(now),
        members: expected(now),
      });
    };
    for (const begin of new Set(turns.map((turn) => turn.begin))) {
      if (begin < world.clock.now().getTime()) continue;
      await go(begin - 20 * MINUTE, true);
      await go(begin - 1);
      await go(begin);
      // The set has the same answer on either side of the change.
      expect(await world.set(where)).toEqual(expected(begin));
    }
    await go(world.clock.now().getTime() + 2 * DAY, true);
    expect(await world.evaluate(audience)).toMatchObject({ drift: 0 });
    // Each was a member on one day, and nobody twice.
    expect(await world.deltas(audience)).toHaveLength(2 * persons.length);
  }, 120_000);
});
