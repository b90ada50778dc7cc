import fc from 'fast-check';
import { arbitraryCondition, arbitrarySubjects, NOW } from '../compile/arbitraries';
import { type Leaf, leavesOf } from '../definition/definition';
import { holds } from '../compile/reference-evaluator';
import { follow, parsed, planFor, shuffled, steps } from './arrival';

const SEED = Number(process.env.PERCORSO_SEED);
const CASES = Number(process.env.PERCORSO_CASES ?? 500);
const KINDS = [
  'trait',
  'consent',
  'account',
  'accountMember',
  'list',
  'identity',
  'calendar',
  'sample',
  'event',
  'every',
  'firstEvent',
  'sequence',
] as const satisfies readonly Leaf['kind'][];

describe('incremental evaluation', () => {
  let changed = 0;
  let cases = 0;
  /** Answers that would be others without the items that events name. */
  let lookedUp = 0;
  const seenKinds = new Map<string, number>();

  afterAll(() => {
    // A property that mostly asks about nothing would prove nothing.
    expect(changed / cases).toBeGreaterThan(0.3);
    expect(lookedUp / cases).toBeGreaterThan(0.05);
    const rare = KINDS.filter((kind) => (seenKinds.get(kind) ?? 0) < cases * 0.05);
    expect(rare).toEqual([]);
  });

  it(`agrees with the plain evaluator in any order of arrival and at any time (seed ${SEED}, ${CASES} cases)`, () => {
    fc.assert(
      fc.property(
        arbitrarySubjects,
        fc.array(arbitraryCondition, { minLength: 8, maxLength: 11 }),
        fc.infiniteStream(fc.nat()),
        steps,
        (subjects, conditions, order, waits) => {
          const definitions = conditions.map(parsed);
          const plan = planFor(definitions);
          const times = [...new Set(waits)].sort((a, b) => a - b).map((wait) => NOW.getTime() + wait);
          const kinds = definitions.flatMap(({ where }) => [...leavesOf(where)].map(({ kind }) => kind));
          for (const kind of new Set(kinds)) seenKinds.set(kind, (seenKinds.get(kind) ?? 0) + 1);
          const moved = subjects
            .slice(0, 4)
            .map((subject) => follow(plan, definitions, subject, shuffled(subject.events, order), times));
          for (const subject of subjects.slice(0, 4)) {
            const without = { ...subject, lookups: {} };
            const differs = definitions.filter(
              ({ where }) => holds(where, subject, NOW.getTime()) !== holds(where, without, NOW.getTime()),
            );
            lookedUp += differs.length;
          }
          cases += 1;
          if (moved.includes(true)) changed += 1;
        },
      ),
      { seed: SEED, numRuns: CASES, endOnFailure: true },
    );
  });
});
