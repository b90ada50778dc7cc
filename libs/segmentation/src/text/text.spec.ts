import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { arbitraryCondition } from '../compile/arbitraries';
import { leavesOf } from '../definition/definition';
import { parseDefinition } from '../definition/parse-definition';
import { formatDefinition } from './format-definition';
import { parseText } from './parse-text';

const SEED = Number(process.env.PERCORSO_SEED);
const FIXTURES = join(__dirname, '..', '..', 'fixtures', 'valid');
const README = join(__dirname, '..', '..', 'README.md');
const ADMIN_GUIDE = join(__dirname, '..', '..', '..', '..', 'docs', 'admin.md');
const ID = '0197a6d0-1111-7222-8333-444455556666';

function roundTrip(json: unknown): void {
  const text = formatDefinition(json);
  const parsed = parseText(text ?? '');
  expect({ text, parsed }).toMatchObject({ parsed: { ok: true } });
  if (parsed.ok)
    expect({ text, ...parseDefinition(parsed.source) }).toEqual({ text, ...parseDefinition(json) });
}

const mistakesOf = (text: string): unknown => {
  const parsed = parseText(text);
  return parsed.ok ? [] : parsed.mistakes.map(({ line, column, code }) => [line, column, code]);
};

describe('the text form', () => {
  it.each(readdirSync(FIXTURES))('says what valid/%s says', (file) => {
    roundTrip(JSON.parse(readFileSync(join(FIXTURES, file), 'utf8')));
  });

  it(`round-trips every definition (seed ${SEED})`, () => {
    const condition = fc.oneof(
      arbitraryCondition,
      fc.tuple(arbitraryCondition, fc.constant({ audience: { id: ID } })).map((all) => ({ all })),
      // Names nobody would choose.
      fc
        .tuple(fc.string({ minLength: 1, unit: 'binary' }), fc.string({ minLength: 1, unit: 'grapheme' }))
        .map(([path, name]) => ({
          any: [
            { trait: { path: path.replaceAll('.', '_'), op: 'eq', value: name } },
            {
              event: {
                name,
                measure: { sum: path.replaceAll('.', '-') },
                op: 'gt',
                value: { decimal: '0.1000' },
              },
            },
          ],
        })),
    );
    fc.assert(
      fc.property(condition, (where) => roundTrip({ version: 1, where })),
      { seed: SEED, numRuns: 1000, endOnFailure: true },
    );
  });

  it('reads as a person would write it', () => {
    const text = `event("Order Completed" where amount > 50, last 30 days).count >= 3
      and not audience("${ID}") and trait.tier = "gold"`;
    const parsed = parseText(text);
    expect(parsed.ok && parsed.source).toEqual({
      version: 1,
      where: {
        all: [
          {
            event: {
              name: 'Order Completed',
              where: [{ path: 'amount', op: 'gt', value: 50 }],
              within: { last: '30d' },
              measure: 'count',
              op: 'gte',
              value: 3,
            },
          },
          { not: { audience: { id: ID } } },
          { trait: { path: 'tier', op: 'eq', value: 'gold' } },
        ],
      },
    });
    expect(formatDefinition(parsed.ok && parsed.source)).toBe(
      text.replace(/\n +and/, '\nand').replace(' and trait', '\nand trait'),
    );
  });

  it('binds and closer than or, and keeps numbers exact', () => {
    const whereOf = (text: string): unknown => {
      const parsed = parseText(text);
      return parsed.ok && (parsed.source as { where: unknown }).where;
    };
    const trait = (path: string): object => ({ trait: { path, op: 'exists' } });
    expect(whereOf('trait.a exists or trait.b exists and not (trait.c exists or trait.d exists)')).toEqual({
      any: [trait('a'), { all: [trait('b'), { not: { any: [trait('c'), trait('d')] } }] }],
    });
    expect(whereOf('all(trait.a exists, any(trait.b exists))')).toEqual({
      all: [trait('a'), { any: [trait('b')] }],
    });
    expect(whereOf('trait.x in [1, 0.10, 12345678901234567890.123456789]')).toEqual({
      trait: { path: 'x', op: 'in', value: [1, 0.1, { decimal: '12345678901234567890.123456789' }] },
    });
  });

  it.each([
    ['', [[1, 1, 'syntax']]],
    ['trait.a', [[1, 8, 'syntax']]],
    ['trait.a = ', [[1, 11, 'syntax']]],
    ['trait.a = 1 trait.b = 2', [[1, 13, 'syntax']]],
    ['trait.a = "x', [[1, 11, 'syntax']]],
    ['trait.a = "\\x"', [[1, 11, 'syntax']]],
    ['trait.a exists and\n  wish("x")', [[2, 3, 'syntax']]],
    ['event("A", last 30 moons)', [[1, 20, 'syntax']]],
    ['event("A", last 3 days, last 2 days)', [[1, 25, 'syntax']]],
    ['event("A").sum > 1', [[1, 16, 'syntax']]],
    ['event("A") then event("B", last 1 day)', [[1, 26, 'syntax']]],
    ['trait.ok exists and\n trait.old > true', [[2, 8, 'type']]],
    ['event("A", from 1 day ago to 2 days ago)', [[1, 12, 'range']]],
    ['event("A", last 30 days, every 7 days)', [[1, 7, 'range']]],
    ['event("A") then no event("B") then event("C")', [[1, 17, 'choice']]],
    ['trait.a exists\nor audience("me")', [[2, 13, 'id']]],
    [
      'sample(0.005%) or\nanniversary(b, "Mars/Base") in 0 to 1 days',
      [
        [1, 8, 'range'],
        [2, 13, 'zone'],
      ],
    ],
  ])('tells where %j goes wrong', (text, mistakes) => {
    expect(mistakesOf(text)).toEqual(mistakes);
  });

  it('refuses parentheses without end, rather than run out of stack', () => {
    expect(mistakesOf(`${'('.repeat(100_000)}trait.a exists`)).toEqual([[1, 258, 'syntax']]);
    expect(mistakesOf(`${'not '.repeat(100_000)}trait.a exists`)).toEqual([[1, 1029, 'syntax']]);
  });

  it('finds the place of a pointer', () => {
    const parsed = parseText(`trait.a exists and\n not audience("${ID}")`);
    expect(parsed.ok && parsed.placeOf('/where/all/1/not/audience/id')).toEqual({ line: 2, column: 15 });
  });

  it('is what the README says it is', () => {
    const examples = [...readFileSync(README, 'utf8').matchAll(/^```percorso\n([\s\S]*?)^```/gm)]
      .flatMap(([, block = '']) => block.split('\n'))
      .filter((line) => line !== '');
    expect(examples.length).toBeGreaterThan(15);
    for (const line of examples) expect({ line, mistakes: mistakesOf(line) }).toEqual({ line, mistakes: [] });
  });

  it('has an example of every condition in the admin’s guide', () => {
    const table = readFileSync(ADMIN_GUIDE, 'utf8').split('Every condition, each with one example')[1] ?? '';
    const examples = [...table.split('\n\n')[1]!.matchAll(/^\| .* \| `(.+)` +\|$/gm)].map(
      ([, text = '']) => text,
    );
    const kinds = new Set<string>();
    for (const text of examples) {
      const parsed = parseText(text);
      expect({ text, parsed }).toMatchObject({ parsed: { ok: true } });
      if (parsed.ok) for (const { kind } of leavesOf(parsed.definition.where)) kinds.add(kind);
    }
    const all = [
      'account',
      'accountMember',
      'audience',
      'calendar',
      'consent',
      'event',
      'every',
      'firstEvent',
    ];
    expect([...kinds].sort()).toEqual([...all, 'identity', 'imported', 'sample', 'sequence', 'trait']);
  });
});
