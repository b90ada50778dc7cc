import * as fc from 'fast-check';
import { elementSpans, memberSpans, valueStart } from './json-spans';

const seed = Number(process.env.PERCORSO_SEED);

/** JSON text with white space wherever it may stand. */
function spaced(value: unknown, space: string): string {
  const text = JSON.stringify(value, null, space.length) ?? 'null';
  return `${space}${text}${space}`;
}

describe('the boundaries of JSON values in bytes', () => {
  it(`cuts any object and array where JSON.parse sees them (seed ${seed})`, () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()),
        fc.constantFrom('', ' ', '  '),
        (object, space) => {
          const bytes = Buffer.from(spaced(object, space));
          const members = memberSpans(bytes, valueStart(bytes));
          const parsed = JSON.parse(bytes.toString()) as Record<string, unknown>;
          const cut = members.map(({ key, start, end }) => [
            key,
            JSON.parse(bytes.toString('utf8', start, end)),
          ]);
          expect(new Map(cut as [string, unknown][])).toEqual(new Map(Object.entries(parsed)));
        },
      ),
      { seed },
    );
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.constantFrom('', ' ', '\t'), (array, space) => {
        const bytes = Buffer.from(spaced(array, space));
        const cut = elementSpans(bytes, valueStart(bytes)).map(({ start, end }) =>
          bytes.toString('utf8', start, end),
        );
        expect(cut.map((text) => JSON.parse(text) as unknown)).toEqual(JSON.parse(bytes.toString()));
      }),
      { seed },
    );
  });

  it('is not misled by quotes, brackets and backslashes inside strings, nor by a byte order mark', () => {
    const text = '\uFEFF { "a\\"}" : "]}\\\\" , "b":[ "\\\\\\"," , {"c":"{["} ] }';
    const bytes = Buffer.from(text);
    const members = memberSpans(bytes, valueStart(bytes));
    expect(members.map((m) => [m.key, bytes.toString('utf8', m.start, m.end)])).toEqual([
      ['a"}', '"]}\\\\"'],
      ['b', '[ "\\\\\\"," , {"c":"{["} ]'],
    ]);
  });
});
