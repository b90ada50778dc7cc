import fc from 'fast-check';
import type { Caps } from '../../definition/definition';
import { ClosedRoom } from './closed-room';
import { ClosingSearch } from './closing-search';

const SEED = Number(process.env.PERCORSO_SEED);
const RUNS = Number(process.env.PERCORSO_CASES ?? 300);
const HOUR = 3_600_000;

/** When one person would enter, and with which key. */
interface Knock {
  person: number;
  hour: number;
  key: number;
}

const knock: fc.Arbitrary<Knock> = fc.record({
  person: fc.integer({ min: 1, max: 6 }),
  hour: fc.integer({ min: 0, max: 120 }),
  key: fc.integer({ min: 1, max: 2 }),
});
const caps: fc.Arbitrary<Caps> = fc.record(
  { total: fc.integer({ min: 1, max: 12 }), perDay: fc.integer({ min: 1, max: 4 }) },
  { requiredKeys: [] },
);
const inOrder = (knocks: readonly Knock[]): Knock[] =>
  [...knocks].sort((a, b) => a.hour - b.hour || a.person - b.person);

/** Who entered stays for so long, with one key once; whoever is kept out may come again. */
const STAY = 30;

class Inside {
  private readonly until = new Map<string, number>();

  has({ person, key, hour }: Knock): boolean {
    return hour < (this.until.get(`${person} ${key}`) ?? 0);
  }

  enter({ person, key, hour }: Knock): void {
    this.until.set(`${person} ${key}`, hour + STAY);
  }
}

/** All of them side by side, with counters. */
function together({ total = Infinity, perDay = Infinity }: Caps, knocks: readonly Knock[]): Knock[] {
  const inside = new Inside();
  const days = new Map<number, number>();
  const entered: Knock[] = [];
  for (const one of inOrder(knocks)) {
    const day = Math.floor(one.hour / 24);
    const ofDay = days.get(day) ?? 0;
    if (inside.has(one) || entered.length >= total || ofDay >= perDay) continue;
    inside.enter(one);
    days.set(day, ofDay + 1);
    entered.push(one);
  }
  return entered;
}

/** One after the other, each with a room of its own. */
async function oneByOne(given: Caps, knocks: readonly Knock[], limit: number): Promise<Knock[]> {
  let entered = new Map<number, Knock[]>();
  const walk = (rooms: readonly ClosedRoom[]): Promise<{ refusals: [] }> => {
    for (const room of rooms) {
      const inside = new Inside();
      const own = inOrder(knocks).filter(({ person }) => person === room.person);
      const found = own.filter((one) => {
        const enters = !inside.has(one) && room.take(undefined, one.hour * HOUR) === undefined;
        if (enters) inside.enter(one);
        return enters;
      });
      entered.set(room.person, found);
    }
    return Promise.resolve({ refusals: [] });
  };
  const persons = [...new Set(knocks.map(({ person }) => person))];
  const search = new ClosingSearch(given, persons);
  for (let steps = 0; !search.found; steps++) {
    if (steps > 1000) throw new RangeError('It does not end.');
    await search.step(limit, walk);
  }
  // What was found holds for whoever is walked afterwards.
  entered = new Map();
  await walk(persons.map((person) => new ClosedRoom(search.closings, person)));
  return inOrder([...entered.values()].flat());
}

describe('caps of persons that are walked one by one', () => {
  it(`let in whom they would, were all walked side by side (seed ${SEED})`, async () => {
    await fc.assert(
      fc.asyncProperty(
        caps,
        fc.array(knock, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 7 }),
        async (given, knocks, limit) => {
          expect(await oneByOne(given, knocks, limit)).toEqual(together(given, knocks));
        },
      ),
      { seed: SEED, numRuns: RUNS },
    );
  });
});
