import { DateTime } from 'luxon';
import { eventually, reference, type Stage } from './stage';

const HOUR = 3_600_000;
const SUBJECTS = ['Welcome', 'Three things to try', 'Ten percent for you'];

/** Where the workspace is: whoever has no zone of its own, or none there is, is told of nine here. */
const HOME = 'America/Sao_Paulo';

const ZONES: Record<string, string | undefined> = {
  rita: 'Europe/Rome',
  kiran: 'Asia/Kolkata',
  yoko: 'Asia/Tokyo',
  nell: 'America/New_York',
  hana: 'Pacific/Honolulu',
  nobody: undefined,
  martian: 'Mars/Olympus_Mons',
  // They leave: one at once, one when he has seen the tips.
  indira: 'Asia/Kolkata',
  remo: 'Europe/Rome',
};

/** The first nine in the morning there after an instant. */
function nineIn(zone: string, after: number): number {
  const today = DateTime.fromMillis(after, { zone }).set({ hour: 9, minute: 0, second: 0, millisecond: 0 });
  return (today.toMillis() > after ? today : today.plus({ days: 1 })).toMillis();
}

/** Two in the morning in Greenwich: evening in America, and past nine in Tokyo. */
const nextTwo = (after: number): number =>
  DateTime.fromMillis(after, { zone: 'UTC' }).plus({ days: 1 }).startOf('day').plus({ hours: 2 }).toMillis();

export function welcomeSeries(stage: () => Stage): void {
  it('a welcome series: each is written to at nine by the own clock, nobody early or twice, and nobody who left', async () => {
    const { clock, sink } = stage().world;
    await stage().setZone(HOME);
    clock.moveTo(nextTwo(clock.now()));
    const journey = await stage().publish(await stage().import(reference('welcome-series')));
    const users = Object.keys(ZONES);
    await stage().send(
      users.flatMap((user) => [
        stage().person(user, { email: `${user}@welcome.example`, timezone: ZONES[user] }, { email: true }),
        stage().did(user, 'Signed Up'),
      ]),
    );

    /** Who has got how many, by the sink. */
    const got = async (): Promise<Record<string, string[]>> => {
      const lists: Record<string, string[]> = Object.fromEntries(users.map((user) => [user, []]));
      for (const { envelope, subject } of await sink.messages()) {
        const [user = '', host] = envelope.to[0]!.split('@');
        if (host === 'welcome.example') lists[user]!.push(subject);
      }
      return lists;
    };
    const expected = (counts: (user: string) => number): Record<string, string[]> =>
      Object.fromEntries(users.map((user) => [user, SUBJECTS.slice(0, counts(user))]));
    await eventually(
      'everybody welcomed at once',
      got,
      expected(() => 1),
    );

    await stage().settle([stage().did('indira', 'Unsubscribed', { channel: 'email' })]);
    const began = clock.now();
    const tips = (user: string): number => nineIn(zoneOf(user), began);
    expect(DateTime.fromMillis(tips('nell'), { zone: zoneOf('nell') }).day).not.toBe(
      DateTime.fromMillis(began, { zone: zoneOf('nell') }).day,
    );
    for (const nine of instantsOf(users, tips)) {
      clock.moveTo(nine);
      await eventually(
        'the tips',
        got,
        expected((user) => (user !== 'indira' && tips(user) <= nine ? 2 : 1)),
      );
    }

    await stage().settle([stage().person('remo', {}, { email: false })]);
    const rested = (user: string): number => tips(user) + 36 * HOUR;
    const offer = (user: string): number => nineIn(zoneOf(user), rested(user));
    const staying = users.filter((user) => user !== 'indira');
    // A hub that is behind by hours would not wake anybody at nine sharp: it is there when each has waited.
    for (const instant of instantsOf(staying, rested, offer)) {
      clock.moveTo(instant);
      const by = (of: (user: string) => number) => (user: string) => of(user) <= instant;
      await eventually(
        'those who rested to wait for nine',
        async () => (await stage().report(journey)).steps.find(({ id }) => id === 'nine-again')!.entered,
        staying.filter(by(rested)).length,
      );
      await eventually(
        'the offer',
        got,
        expected((user) => (user === 'indira' ? 1 : user !== 'remo' && by(offer)(user) ? 3 : 2)),
      );
    }

    // Once is once: it is too late for another welcome.
    await stage().send([stage().did('rita', 'Signed Up')]);
    await eventually(
      'the report',
      async () => {
        const { entered, inside, ended, refused } = await stage().report(journey);
        return { entered, inside, ended, refused };
      },
      {
        entered: users.length,
        inside: 0,
        ended: { completed: users.length - 1, exit: 1 },
        refused: { reentry: 1 },
      },
    );
    for (const user of staying) {
      const [one] = await stage().told(journey, user);
      const left = (step: string): string[] =>
        one!.trace.filter((line) => line.step === step && line.what === 'left').map(({ at }) => at);
      expect([left('nine'), left('nine-again')]).toEqual([
        [new Date(tips(user)).toISOString()],
        [new Date(offer(user)).toISOString()],
      ]);
      const at = [tips(user), offer(user)];
      const states = one!.messages.map(({ state }) => state);
      expect(states).toEqual(
        user === 'remo' ? ['accepted', 'accepted', 'suppressed'] : ['accepted', 'accepted', 'accepted'],
      );
      one!.messages
        .slice(1)
        .forEach(({ createdAt }, index) => expect(Date.parse(createdAt)).toBeGreaterThanOrEqual(at[index]!));
    }
    const [indira] = await stage().told(journey, 'indira');
    expect(indira).toMatchObject({ endReason: 'exit', messages: [{ state: 'accepted' }] });
    expect(await got()).toEqual(expected((user) => ({ indira: 1, remo: 2 })[user] ?? 3));
  });
}

const zoneOf = (user: string): string =>
  DateTime.local().setZone(ZONES[user] ?? 'none').isValid ? ZONES[user]! : HOME;

const instantsOf = (users: readonly string[], ...of: ((user: string) => number)[]): number[] =>
  [...new Set(of.flatMap((instant) => users.map(instant)))].sort((a, b) => a - b);
