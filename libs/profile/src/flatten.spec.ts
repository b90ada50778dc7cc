import fc from 'fast-check';
import { toDecimal } from '@percorso/kernel';
import { elementsOf, flatten, valueAt } from './flatten';

const SEED = Number(process.env.PERCORSO_SEED);

const keys = fc.constantFrom('a', 'b', 'a.b', 'b.a', 'a.', '.a', '', '__proto__', 'constructor', '1');
const leaves = fc.oneof(
  fc.constantFrom<unknown>(0, -0, 1.5, 1e-10, 9.999999999999999e28, 1e29, -1e29, 5e-324, 1e21),
  fc.constantFrom<unknown>('', 'x', true, false, null, [], [1, '1', { a: 1 }]),
  fc.double({ noNaN: true }),
);
const objects = fc.letrec<{ object: Record<string, unknown> }>((tie) => ({
  object: fc
    .array(fc.tuple(keys, fc.oneof({ weight: 2, arbitrary: leaves }, tie('object'))), { maxLength: 5 })
    // As JSON gives them: a key __proto__ is a key.
    .map((entries) => Object.fromEntries(entries)),
})).object;
const paths = fc.array(keys, { minLength: 1, maxLength: 4 }).map((steps) => steps.join('.'));

/** What `flatten` says of a path, in the words of `valueAt`. */
function told(value: Record<string, unknown>, path: string): unknown {
  const { strings, numbers, booleans, lists } = flatten(value);
  const own = <T>(of: Record<string, T>): T | undefined => (Object.hasOwn(of, path) ? of[path] : undefined);
  return { scalar: own(strings) ?? own(numbers) ?? own(booleans), elements: own(lists) };
}

function found(value: Record<string, unknown>, path: string): unknown {
  const at = valueAt(value, path);
  if (typeof at === 'number') return { scalar: toDecimal(at), elements: undefined };
  if (typeof at !== 'object') return { scalar: at, elements: undefined };
  return { scalar: JSON.stringify(at), elements: elementsOf(at) };
}

describe('valueAt', () => {
  it(`finds what flatten finds, whatever the keys (seed ${SEED})`, () => {
    let met = 0;
    fc.assert(
      fc.property(objects, paths, (value, path) => {
        const { strings, numbers, booleans } = flatten(value);
        for (const one of [path, ...[strings, numbers, booleans].flatMap(Object.keys)]) {
          expect({ one, found: found(value, one) }).toEqual({ one, found: told(value, one) });
          if (valueAt(value, one) !== undefined) met += 1;
        }
      }),
      { seed: SEED, numRuns: 2000 },
    );
    expect(met).toBeGreaterThan(2000);
  });

  it('sees as deep as flatten does', () => {
    for (let depth = 14; depth <= 18; depth++) {
      let value: Record<string, unknown> = { leaf: 1 };
      for (let level = 1; level < depth; level++) value = { d: value };
      for (let steps = 13; steps <= 18; steps++) {
        const path = Array.from({ length: steps }, () => 'd').join('.');
        expect(found(value, path)).toEqual(told(value, path));
        expect(found(value, `${path}.leaf`)).toEqual(told(value, `${path}.leaf`));
      }
    }
  });
});
