import fc from 'fast-check';
import { formatField, overlap, parseField } from './field-name';
import { findViolations, type FieldUse, type UsageRules } from './find-violations';
import { STANDARD_LABELS, STANDARD_POLICIES, USAGE_ACTIONS } from './standard';

const SEED = Number(process.env.PERCORSO_SEED);

describe('the name of a field', () => {
  it.each<[string, string[] | undefined]>([
    ['traits.email', ['traits', 'email']],
    ['traits.address.city', ['traits', 'address', 'city']],
    ['traits."first.name".x', ['traits', 'first.name', 'x']],
    ['events.Order Completed.revenue', ['events', 'Order Completed', 'revenue']],
    ['events."order.paid"', ['events', 'order.paid']],
    ['events.*.email', ['events', '*', 'email']],
    ['identities.email', ['identities', 'email']],
    ['traits', ['traits']],
    ['groups', ['groups']],
    ['', undefined],
    ['email', undefined],
    ['events', undefined],
    ['traits.', undefined],
    ['traits..a', undefined],
    ['.traits', undefined],
    ['traits."a', undefined],
    ['traits."a"b', undefined],
    ['groups.a', undefined],
    ['constructor', undefined],
  ])('%s', (text, path) => {
    expect(parseField(text)).toEqual(path);
    if (path) expect(formatField(path)).toBe(text);
  });

  it(`is written in one way (seed ${SEED})`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, unit: 'grapheme' }), { minLength: 1, maxLength: 4 }),
        (names) => {
          const path = ['traits', ...names];
          expect(parseField(formatField(path))).toEqual(path);
        },
      ),
      { seed: SEED, numRuns: 300 },
    );
  });

  it('overlaps with what it holds and what holds it', () => {
    const of = (one: string, other: string): boolean => overlap(parseField(one)!, parseField(other)!);
    expect(of('traits.a', 'traits.a.b')).toBe(true);
    expect(of('traits.a.b', 'traits.a')).toBe(true);
    expect(of('traits', 'traits.a')).toBe(true);
    expect(of('traits.a', 'traits.ab')).toBe(false);
    expect(of('traits.*', 'traits.a')).toBe(false);
    expect(of('events.*.mail', 'events.Sent.mail')).toBe(true);
    expect(of('events.*.mail', 'events.Sent.to')).toBe(false);
    expect(overlap([], ['traits', 'a'])).toBe(true);
  });
});

describe('violations', () => {
  const rules = (labelled: Record<string, string[]>, more: Partial<UsageRules> = {}): UsageRules => ({
    version: 1,
    labelled: Object.entries(labelled).map(([field, labels]) => ({ field: parseField(field)!, labels })),
    policies: STANDARD_POLICIES,
    ...more,
  });
  const use = (field: string, more: Partial<FieldUse> = {}): FieldUse => ({
    path: parseField(field)!,
    pointer: '/mapping',
    ...more,
  });
  const names = (uses: FieldUse[], with_: UsageRules, actions: string[]): string[] =>
    findViolations(uses, with_, actions).map(({ policy, field }) => `${policy} ${field}`);

  it('are told once for each policy, field and place, with the first position', () => {
    const found = findViolations(
      [
        use('traits.a', { position: 7 }),
        use('traits.a.b', { position: 9 }),
        use('traits.a', { pointer: '/exitMapping' }),
      ],
      rules({ 'traits.a': ['contract:no-third-party', 'sensitive:health'] }),
      ['third-party'],
    );
    expect(found).toEqual([
      {
        field: 'traits.a',
        labels: ['contract:no-third-party'],
        policy: 'no-third-party',
        actions: ['third-party'],
        pointer: '/mapping',
        position: 7,
      },
      {
        field: 'traits.a',
        labels: ['contract:no-third-party'],
        policy: 'no-third-party',
        actions: ['third-party'],
        pointer: '/exitMapping',
      },
      {
        field: 'traits.a',
        labels: ['sensitive:health'],
        policy: 'sensitive-not-targeted',
        actions: ['third-party'],
        pointer: '/mapping',
        position: 7,
      },
      {
        field: 'traits.a',
        labels: ['sensitive:health'],
        policy: 'sensitive-not-targeted',
        actions: ['third-party'],
        pointer: '/exitMapping',
      },
    ]);
  });

  it('need an action that the policy bars, and a use that it covers', () => {
    const who = rules({ 'traits.a': ['directly-identifying'] });
    expect(names([use('traits.a')], who, ['email-targeting', 'third-party'])).toEqual([]);
    expect(names([use('traits.a')], who, ['analytics'])).toEqual(['identity-not-tracked traits.a']);
    expect(names([use('traits.a', { chooses: true })], who, ['analytics'])).toEqual([]);
    expect(
      names([use('traits.a')], rules({ 'traits.a': ['contract:no-analytics'] }, { policies: [] }), [
        'analytics',
      ]),
    ).toEqual([]);
  });

  it('of labels that may not come together need all of them', () => {
    const apart = rules({ 'traits.m': ['directly-identifying'], 'traits.s': ['contract:not-with-identity'] });
    expect(names([use('traits.m')], apart, ['export'])).toEqual([]);
    expect(names([use('traits.m'), use('traits.s')], apart, ['export'])).toEqual([
      'identity-apart traits.m',
      'identity-apart traits.s',
    ]);
    expect(names([use('traits')], apart, ['export'])).toEqual([
      'identity-apart traits.m',
      'identity-apart traits.s',
    ]);
  });

  it('are every labelled field’s when every field is looked at', () => {
    const some = rules({ 'traits.a': ['contract:no-export'], 'events.*.b': ['contract:no-export'] });
    expect(names([{ path: [], pointer: '/mapping' }], some, ['analytics'])).toEqual([
      'no-export traits.a',
      'no-export events.*.b',
    ]);
  });

  it('can be had of every standard label', () => {
    const barred = new Set(STANDARD_POLICIES.flatMap(({ labels }) => labels));
    const known = STANDARD_LABELS.map(({ name }) => name);
    expect([...barred].filter((name) => !known.includes(name))).toEqual([]);
    expect(known.filter((name) => !barred.has(name))).toEqual(['indirectly-identifying']);
    expect(new Set(STANDARD_POLICIES.flatMap(({ actions }) => actions))).toEqual(new Set(USAGE_ACTIONS));
  });
});
