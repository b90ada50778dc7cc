import Ajv2020 from 'ajv/dist/2020';
import fc from 'fast-check';
import { Mistakes, readCondition } from '@percorso/segmentation';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { arbitraryJourney } from './arbitraries';
import { arrangeJourney, formatJourney } from './arrange-journey';
import { damaged } from './damage';
import { journeySchema } from './journey.schema';
import { parseJourney } from './parse-journey';
import { placesOf } from './places';
import { LIMITS } from './written';

const LIB = join(__dirname, '..', '..');
const SEED = Number(process.env.PERCORSO_SEED);
const RUNS = Number(process.env.PERCORSO_CASES ?? 100);

function fixtures<T>(folder: string): [string, T][] {
  return readdirSync(join(LIB, 'fixtures', folder))
    .filter((file) => file.endsWith('.json'))
    .map((file) => [file, JSON.parse(readFileSync(join(LIB, 'fixtures', folder, file), 'utf8')) as T]);
}

interface Refused {
  journey: unknown;
  errors: { pointer: string; code: string }[];
}

/** Rules a schema cannot say: the parser alone refuses these. */
const BEYOND_SCHEMA = new Set([
  'await-same-twice.json',
  'branch-leaves-through-an-arm.json',
  'branch-same-twice.json',
  'branches-share-a-step.json',
  'cycle-of-one.json',
  'cycle-through-failed.json',
  'cycle.json',
  'entry-of-an-audience-with-key.json',
  'entry-read-cron.json',
  'entry-read-zone.json',
  'entry-twice.json',
  'exit-twice.json',
  'goal-window-of-years.json',
  'late-of-nothing.json',
  'loop-body-leads-back.json',
  'loop-body-leaves.json',
  'loop-body-of-itself.json',
  'loops-without-a-wait.json',
  'next-unknown.json',
  'parallel-branch-unknown.json',
  'reaction-to-a-wait.json',
  'reaction-to-nobody.json',
  'split-names-twice.json',
  'split-over-all.json',
  'split-too-fine.json',
  'start-unknown.json',
  'step-named-as-a-method.json',
  'too-many-branches-at-once.json',
  'unreachable.json',
  'update-consent-twice.json',
  'update-list-twice.json',
  'watch-of-a-lookup.json',
  'wait-at-no-day.json',
  'wait-zone-unknown.json',
  'where-of-more-than-one-profile.json',
]);

/** Mistakes of which some are such as a schema cannot tell. */
const BEYOND_CODES = new Set([
  ...['unknown-step', 'no-send', 'leaves-body', 'cycle', 'unreachable', 'too-deep', 'nested', 'no-key'],
  ...['duplicate', 'zone', 'cron', 'cron-fields', 'cron-never', 'date', 'duration', 'decimal', 'no-audience'],
  ...['too-large', 'range', 'too-many', 'too-many-steps'],
]);

describe('parseJourney', () => {
  const schema = new Ajv2020({ strict: true, strictTypes: false, allowUnionTypes: true }).compile(
    journeySchema,
  );

  it.each(fixtures('valid'))('reads valid/%s, as its schema does', (_file, json) => {
    expect(parseJourney(json)).toMatchObject({ ok: true });
    expect({ valid: schema(json), errors: schema.errors }).toMatchObject({ valid: true });
  });

  it.each(fixtures<Refused>('invalid'))(
    'refuses invalid/%s at the place of the mistake',
    (file, { journey, errors }) => {
      const parsed = parseJourney(journey);
      expect(parsed).toMatchObject({ ok: false });
      if (parsed.ok) return;
      expect(parsed.errors.map(({ pointer, code }) => ({ pointer, code }))).toEqual(errors);
      expect(parsed.errors.every(({ message }) => message.length > 5)).toBe(true);
      expect(schema(journey)).toBe(BEYOND_SCHEMA.has(file));
    },
  );

  it("reads this lib's example", () => {
    const readme = readFileSync(join(LIB, 'README.md'), 'utf8');
    const json: unknown = JSON.parse(/```json\n([^]*?)```/.exec(readme)![1]!);
    expect(parseJourney(json)).toMatchObject({
      ok: true,
      journey: { reentry: { kind: 'after', ms: 604_800_000 }, holdout: 1000, lateMs: 86_400_000 },
    });
    expect(schema(json)).toBe(true);
  });

  it(`reads whatever is valid, as its schema does (seed ${SEED})`, () => {
    fc.assert(
      fc.property(arbitraryJourney, (json) => {
        expect(parseJourney(json)).toMatchObject({ ok: true });
        expect({ valid: schema(json), errors: schema.errors }).toMatchObject({ valid: true });
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it(`refuses of damaged ones what its schema refuses, and tells where (seed ${SEED})`, () => {
    fc.assert(
      fc.property(damaged(arbitraryJourney), (json) => {
        const parsed = parseJourney(json);
        const accepted = schema(json);
        if (parsed.ok) expect(schema.errors).toBeNull();
        else if (accepted) {
          const codes = parsed.errors.map(({ code }) => code);
          expect(codes.filter((code) => !BEYOND_CODES.has(code))).toEqual([]);
        }
      }),
      { seed: SEED, numRuns: RUNS * 5 },
    );
  });

  it(`means the same when it is arranged, which changes nothing twice (seed ${SEED})`, () => {
    fc.assert(
      fc.property(arbitraryJourney, (json) => {
        const backwards = JSON.parse(JSON.stringify(json), (_name, value: unknown) =>
          value !== null && typeof value === 'object' && !Array.isArray(value)
            ? Object.fromEntries(Object.entries(value).reverse())
            : value,
        ) as object;
        const arranged = arrangeJourney(json);
        expect(parseJourney(arranged)).toEqual(parseJourney(json));
        expect(formatJourney(arranged)).toBe(formatJourney(json));
        expect(Object.keys(arrangeJourney(backwards))).toEqual(Object.keys(arranged));
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it(`points to everything that is looked up or asked, in what was written (seed ${SEED})`, () => {
    fc.assert(
      fc.property(arbitraryJourney, (json) => {
        const parsed = parseJourney(json);
        if (!parsed.ok) throw new Error('not valid');
        const places = placesOf(parsed.journey);
        for (const { pointer, expression } of places.expressions)
          expect(valueAt(json, pointer)).toBe(expression);
        for (const { pointer, condition } of places.conditions) {
          expect(readCondition(valueAt(json, pointer), '', new Mistakes())).toEqual(condition);
        }
        const named = [...places.audiences, ...places.connectors, ...places.journeys];
        for (const { pointer, id } of named) expect(valueAt(json, pointer)).toBe(id);
        const written = JSON.stringify(json).match(/"(connector|journey)":"/g) ?? [];
        expect(places.connectors.length + places.journeys.length).toBe(written.length);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it('holds journeys to their limits', () => {
    const journey = (steps: object, more: object = {}): unknown => ({
      version: 1,
      entries: [{ api: {} }],
      start: 's0',
      steps,
      ...more,
    });
    const chain = (length: number, of: object = { wait: { for: '1s' } }): object =>
      Object.fromEntries(
        Array.from({ length }, (_, index) => [
          `s${index}`,
          { ...of, ...(index + 1 < length ? { next: `s${index + 1}` } : {}) },
        ]),
      );
    expect(parseJourney(journey(chain(LIMITS.steps)))).toMatchObject({ ok: true });
    expect(parseJourney(journey(chain(LIMITS.steps + 1)))).toMatchObject({
      errors: [{ pointer: '/steps', code: 'too-many' }],
    });
    const loops = (depth: number, times: number): object =>
      Object.fromEntries([
        ...Array.from({ length: depth }, (_, index) => [
          `s${index}`,
          { loop: { body: `s${index + 1}`, times } },
        ]),
        [`s${depth}`, { end: {} }],
      ]);
    expect(parseJourney(journey(loops(LIMITS.nesting, 2)))).toMatchObject({ ok: true });
    expect(parseJourney(journey(loops(LIMITS.nesting + 1, 1)))).toMatchObject({
      errors: [{ pointer: '/steps/s8/loop/body', code: 'too-deep' }],
    });
    expect(parseJourney(journey(loops(2, 100)))).toMatchObject({ ok: true });
    expect(parseJourney(journey(loops(2, 101)))).toMatchObject({
      errors: [{ pointer: '/steps/s1/loop/times', code: 'range' }],
    });
    const large = { update: { context: { a: `"${'x'.repeat(60_000)}"` } } };
    expect(parseJourney(journey(chain(4, large)))).toMatchObject({ ok: true });
    expect(parseJourney(journey(chain(5, large)))).toMatchObject({
      errors: [{ pointer: '', code: 'too-large' }],
    });
  });
});

const valueAt = (json: unknown, pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], json);
