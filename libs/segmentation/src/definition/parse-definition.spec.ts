import Ajv2020 from 'ajv/dist/2020';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { leavesOf } from './definition';
import { definitionSchema } from './definition.schema';
import { LIMITS, parseDefinition } from './parse-definition';

const FIXTURES = join(__dirname, '..', '..', 'fixtures');

function fixtures<T>(folder: string): [string, T][] {
  return readdirSync(join(FIXTURES, folder))
    .filter((file) => file.endsWith('.json'))
    .map((file) => [file, JSON.parse(readFileSync(join(FIXTURES, folder, file), 'utf8')) as T]);
}

interface Refused {
  definition: unknown;
  errors: { pointer: string; code: string }[];
}

/** Rules a schema cannot say: the parser alone refuses these. */
const BEYOND_SCHEMA = new Set([
  'account-member-nested.json',
  'calendar-days-backwards.json',
  'calendar-zone-offset.json',
  'calendar-zone-unknown.json',
  'date-of-no-calendar.json',
  'decimal-not-digits.json',
  'duration-beyond-a-century.json',
  'duration-zero.json',
  'every-not-whole.json',
  'every-only-once.json',
  'every-too-often.json',
  'every-window-of-two-kinds.json',
  'number-too-fine.json',
  'number-too-large.json',
  'sample-too-fine.json',
  'sequence-absent-not-last.json',
  'window-backwards.json',
  'window-backwards-dates.json',
]);

const trait = { trait: { path: 'a', op: 'exists' } };
const wrapped = (depth: number): object => (depth === 0 ? trait : { not: wrapped(depth - 1) });

describe('parseDefinition', () => {
  const schema = new Ajv2020({ strict: true, strictTypes: false, allowUnionTypes: true }).compile(
    definitionSchema,
  );

  it.each(fixtures('valid'))('reads valid/%s, as its schema does', (_file, json) => {
    expect(parseDefinition(json)).toMatchObject({ ok: true });
    expect({ valid: schema(json), errors: schema.errors }).toMatchObject({ valid: true });
  });

  it.each(fixtures<Refused>('invalid'))(
    'refuses invalid/%s at the place of the mistake',
    (file, { definition, errors }) => {
      const parsed = parseDefinition(definition);
      expect(parsed).toMatchObject({ ok: false });
      if (parsed.ok) return;
      expect(parsed.errors.map(({ pointer, code }) => ({ pointer, code }))).toEqual(errors);
      expect(parsed.errors.every(({ message }) => message.length > 5)).toBe(true);
      expect(schema(definition)).toBe(BEYOND_SCHEMA.has(file));
    },
  );

  it('makes one form of every way to say the same', () => {
    const sold = (last: string, value: unknown): unknown =>
      parseDefinition({ version: 1, where: { event: { name: 'A', within: { last }, op: 'gte', value } } });
    expect(sold('P30D', 1)).toEqual(sold('720h', { decimal: '1.000' }));
    expect(sold('P4W2D', 1)).toEqual(sold('30d', 1));
    expect(parseDefinition({ version: 1, where: { event: { name: 'A' } } })).toMatchObject({
      definition: {
        where: { measure: { of: 'count' }, op: 'gte', value: { type: 'number', value: '1' }, window: {} },
      },
    });
  });

  it('reads a single step as a list of one, its gap inside', () => {
    const then = { absent: { name: 'B' } };
    const sequence = (rest: object): unknown =>
      parseDefinition({ version: 1, where: { sequence: { first: { name: 'A' }, ...rest } } });
    expect(sequence({ then, gap: 'PT120M' })).toEqual(sequence({ then: [{ ...then, gap: '2h' }] }));
    expect(sequence({ then })).toMatchObject({
      definition: { where: { steps: [{ presence: 'absent', events: { name: 'B', where: [] } }] } },
    });
  });

  it('takes percents by their digits', () => {
    const share = (percent: number): unknown =>
      parseDefinition({ version: 1, where: { sample: { percent } } });
    for (const [percent, hundredths] of [
      [0.29, 29],
      [0.07, 7],
      [1.1, 110],
      [99.99, 9999],
      [100, 10_000],
    ] as const) {
      expect(share(percent)).toMatchObject({ definition: { where: { share: hundredths, salt: '' } } });
    }
  });

  it('nests to its limit and holds leaves to theirs', () => {
    const parse = (where: object) => parseDefinition({ version: 1, where });
    expect(parse(wrapped(LIMITS.depth - 1))).toMatchObject({ ok: true });
    expect(parse(wrapped(LIMITS.depth))).toMatchObject({ ok: false, errors: [{ code: 'too-deep' }] });
    expect(parse(wrapped(5000))).toMatchObject({ ok: false, errors: [{ code: 'too-deep' }] });
    const many = (count: number): object => ({
      any: Array.from({ length: count }, () => ({ all: Array.from({ length: 100 }, () => trait) })),
    });
    const most = parse(many(2));
    expect(most.ok && [...leavesOf(most.definition.where)]).toHaveLength(LIMITS.leaves);
    const audience = { audience: { id: '0197a6d0-1111-7222-8333-444455556666' } };
    expect(parse({ all: [many(2), audience] })).toMatchObject({ ok: false, errors: [{ code: 'too-many' }] });
    expect(parse(many(3))).toMatchObject({ ok: false, errors: [{ pointer: '/where', code: 'too-many' }] });
  });
});
