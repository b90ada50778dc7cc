import { DateTime } from 'luxon';
import { evaluate } from '@percorso/demo';
import { type Conversion, eventually, reference, type Stage } from './stage';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const CUSTOMERS = 100;
/** Counting takes a minute: nightly. */
const COUNTED = process.env.PERCORSO_JOURNEY_WINDOWS === 'counted';

/** The first Monday, ten o'clock in Rome, after an instant. */
function mondayAfter(after: number): number {
  const monday = DateTime.fromMillis(after, { zone: 'Europe/Rome' }).startOf('week').plus({ hours: 10 });
  return (monday.toMillis() > after ? monday : monday.plus({ weeks: 1 })).toMillis();
}

const phoneOf = (user: string): string => `+4670000${user.slice(1).padStart(4, '0')}`;

export function winBack(stage: () => Stage): void {
  it('a win-back: read on Mondays, each once, in the same arm wherever, and held against those who got nothing', async () => {
    const { world, twilio } = stage();
    const { clock } = world;
    /** A customer who bought last so many days ago. */
    const customer = (n: number, days: number, sms = true) => [
      stage().person(`c${n}`, { phone: phoneOf(`c${n}`) }, { sms }),
      stage().did(`c${n}`, 'Order Completed', { order_id: `${n}` }, days * DAY),
    ];
    const members = async (): Promise<number> =>
      (await stage().api.get<{ members: number }>(`/v1/audiences/${audience.id}`)).members;
    const entered = async (journey: string) => {
      const report = await stage().report(journey);
      return { entered: report.entered, refused: report.refused };
    };
    /** What each was written, by user. */
    const written = async (): Promise<Map<string, string[]>> => {
      const all = new Map<string, string[]>();
      for (const { to, body } of await twilio.messages()) {
        const user = `c${Number(to.slice('+4670000'.length))}`;
        all.set(user, [...(all.get(user) ?? []), body!]);
      }
      return all;
    };
    /** Users on a journey: those who walk, and those held out. */
    const onIt = async (journey: string, holdout: boolean): Promise<string[]> => {
      const rows = await world.sql<{ user: string; id: string }>(
        `SELECT n.value AS user, p.id FROM profile p
         JOIN identity_node n ON n.workspace_id = p.workspace_id AND n.person = p.person AND n.namespace = 'user_id'
         WHERE p.workspace_id = $1`,
        [stage().context.workspaceId],
      );
      const users = new Map(rows.map(({ user, id }) => [id, user]));
      const some = (await stage().on(journey)).filter((one) => one.holdout === holdout);
      return some.map(({ profileId }) => users.get(profileId)!).sort();
    };

    const winning = reference('win-back');
    const [{ name, definition }] = winning.references.audiences as [{ name: string; definition: object }];
    const audience = {
      ...(await stage().api.post<{ id: string }>('/v1/audiences', { name, definition })),
      name,
      members: 0,
    };
    await stage().settle([
      ...Array.from({ length: CUSTOMERS }, (_, n) => customer(n, 70 + (n % 30))).flat(),
      ...customer(500, 80, false),
      ...customer(501, 10),
    ]);
    await evaluate(stage().context, audience);
    const journey = await stage().publish(await stage().import(winning));
    const first = mondayAfter(clock.now() + HOUR);
    clock.moveTo(first - 5 * 60_000);
    expect(await entered(journey)).toEqual({ entered: 0, refused: {} });
    clock.moveTo(first);
    await eventually('the first read', () => entered(journey), { entered: CUSTOMERS, refused: { where: 1 } });
    const [walking, heldOut] = [await onIt(journey, false), await onIt(journey, true)];
    expect(heldOut.length).toBeGreaterThan(0);
    expect(walking.length + heldOut.length).toBe(CUSTOMERS);
    const counts = async (): Promise<[string, number][]> =>
      [...(await written())].map(([user, bodies]): [string, number] => [user, bodies.length]).sort();
    const once = (users: readonly string[]) => [...users].sort().map((user): [string, number] => [user, 1]);
    await eventually('a text to each who is not held out', counts, once(walking));
    const arms = await written();
    expect(new Set([...arms.values()].flat()).size).toBe(3);
    for (const { enteredAt } of await stage().on(journey))
      expect(Date.parse(enteredAt)).toBeGreaterThanOrEqual(first);

    const [buyers, luck] = [walking.slice(0, 10), heldOut.slice(0, 1)];
    await stage().send(
      [...buyers, ...luck].map((user) => stage().did(user, 'Order Completed', { order_id: 'again' })),
    );
    const conversion = async (): Promise<[Conversion, Conversion]> => {
      const report = await stage().report(journey);
      return [report.walked, report.heldOut];
    };
    const running = (entering: number, reached: number): Conversion => ({
      ...{ entered: entering, reached, rate: null },
      pending: { entered: entering, reached },
    });
    await eventually('who was won back', conversion, [
      running(walking.length, 10),
      running(heldOut.length, 1),
    ]);
    expect(await stage().report(journey)).toMatchObject({ ended: { goal: 11 }, lift: null });

    // A week on: some are known to have lapsed by an import, some lapse by time alone.
    const late = Array.from({ length: 10 }, (_, n) => 200 + n);
    await stage().settle(late.flatMap((n) => customer(n, n % 2 === 0 ? 61 : 58)));
    const second = mondayAfter(clock.now());
    clock.moveTo(second - HOUR);
    await eventually('who has lapsed meanwhile', members, CUSTOMERS + 1 - 11 + late.length);
    clock.moveTo(second);
    await eventually('the second read', () => entered(journey), {
      entered: CUSTOMERS + late.length,
      refused: { where: 1 },
    });
    const now = await onIt(journey, false);
    await eventually('a text to each who is new', counts, once(now));

    // The same arms elsewhere, for those who are read after an evaluation.
    const { holdout: _, ...more } = winning.definition;
    const entries = [
      {
        read: {
          audience: (winning.definition.entries[0] as { read: { audience: string } }).read.audience,
          afterEvaluation: true,
        },
      },
    ];
    const other = await stage().publish(
      await stage().import({ ...winning, name: 'Another', definition: { ...more, entries } }),
    );
    await evaluate(stage().context, audience);
    const all = CUSTOMERS - 11 + late.length;
    await eventually('everybody read', () => entered(other), { entered: all, refused: { where: 1 } });
    const both = (await onIt(other, false)).filter((user) => now.includes(user));
    await eventually(
      'a second text',
      async () => {
        const texts = await written();
        return both.map((user) => texts.get(user)!.length);
      },
      both.map(() => 2),
    );
    const texts = await written();
    for (const user of both) expect(new Set(texts.get(user)).size).toBe(1);
    await evaluate(stage().context, audience);
    await eventually('nobody twice', () => entered(other), {
      entered: all,
      refused: { where: 2, inside: all },
    });

    if (!COUNTED) return;
    // Two weeks after the first read it is known what that brought.
    clock.moveTo(mondayAfter(clock.now()) + 2 * HOUR);
    const over = (entering: number, first: number, reached: number): Conversion => ({
      ...{ entered: entering, reached, rate: reached / first },
      pending: { entered: entering - first, reached: 0 },
    });
    const held = CUSTOMERS + late.length - now.length;
    const brought: [Conversion, Conversion] = [
      over(now.length, walking.length, 10),
      over(held, heldOut.length, 1),
    ];
    await eventually('what it brought', conversion, brought);
    const { lift } = await stage().report(journey);
    expect(lift!.difference).toBeCloseTo(10 / walking.length - 1 / heldOut.length, 10);
    expect(lift!.from).toBeLessThan(lift!.difference);
    expect(lift!.to).toBeGreaterThan(lift!.difference);
  });
}
