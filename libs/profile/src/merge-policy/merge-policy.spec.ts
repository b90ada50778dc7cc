import fc from 'fast-check';
import { addSaying, emptyFragment, Fragment, mergeFragments } from '../fragment';
import { saidOf } from '../said-trait';
import { checkPolicy, checkSourcesExist } from './check-merge-policy';
import { policies, Word, words } from './merge-policy-arbitraries';
import { MergePolicy, ruleFor, TraitRanks } from './trait-ranks';

const seed = Number(process.env.PERCORSO_SEED);
const AT = new Date('2026-01-01');

/** Fragments by home, as the applier makes them. */
function fragmentsOf(said: readonly Word[]): Fragment[] {
  const homes = new Map<number, Fragment>();
  for (const {
    home,
    trait,
    said: { value, ...stamp },
  } of said) {
    const fragment = homes.get(home) ?? emptyFragment(AT);
    homes.set(home, fragment);
    addSaying(fragment, { traits: [[trait, value]], consent: [], stamp, occurredAt: AT });
  }
  return [...homes.values()];
}

/** What must count, by the definition: of each rank its latest word; the first that is no removal. */
function reference(said: readonly Word[], policy: MergePolicy): Record<string, unknown> {
  const traits: Record<string, unknown> = {};
  for (const trait of new Set(said.map((word) => word.trait))) {
    const rule = ruleFor(policy, trait);
    const ranked = rule.rule === 'latest' ? [] : rule.sources;
    const own = said
      .filter((word) => word.trait === trait)
      .map((word) => word.said)
      .sort((a, b) => (a.at === b.at ? b.pos - a.pos : a.at < b.at ? 1 : -1));
    const ranks = [
      ...ranked.map((source) => own.filter((word) => word.source === source)),
      own.filter((word) => !ranked.includes(word.source)),
    ];
    const counting = ranks.flatMap(([latest]) => latest ?? []).find(({ value }) => value !== null);
    traits[trait] = counting ?? own[0];
  }
  return traits;
}

describe('a merge policy', () => {
  const check = (run: (said: Word[], policy: MergePolicy, shuffled: Word[]) => void): void =>
    fc.assert(
      fc.property(
        words.chain((said) =>
          fc.tuple(fc.constant(said), policies, fc.shuffledSubarray(said, { minLength: said.length })),
        ),
        ([said, policy, shuffled]) => run(said, policy, shuffled),
      ),
      { seed, numRuns: 500 },
    );

  it(`chooses by its definition, whatever the order of arrival and of fragments (seed ${seed})`, () => {
    check((said, policy, shuffled) => {
      const ranks = new TraitRanks(policy);
      const fragments = fragmentsOf(shuffled);
      expect(mergeFragments(fragments, ranks).traits).toEqual(reference(said, policy));
      expect(mergeFragments(fragments.reverse(), ranks).traits).toEqual(reference(said, policy));
    });
  });

  it(`leaves fragments as they are: a merge taken back gives the same profiles (seed ${seed})`, () => {
    check((said, policy) => {
      const ranks = new TraitRanks(policy);
      const fragments = fragmentsOf(said);
      const before = fragments.map((fragment) => mergeFragments([fragment], ranks));
      mergeFragments(fragments, ranks);
      expect(fragments.map((fragment) => mergeFragments([fragment], ranks))).toEqual(before);
      expect(fragments).toEqual(fragmentsOf(said));
    });
  });

  it(`keeps one value a source, and a trait of one source as small as ever (seed ${seed})`, () => {
    check((said) => {
      for (const { traits } of fragmentsOf(said)) {
        for (const trait of Object.values(traits)) {
          const sources = saidOf(trait).map(({ source }) => source);
          expect(new Set(sources).size).toBe(sources.length);
          expect(trait.others === undefined).toBe(sources.length === 1);
        }
      }
    });
  });

  it('may name a source by its id or by the name of its keys, old and new', () => {
    const policy: MergePolicy = {
      default: { rule: 'source-precedence', sources: ['k9', 'CRM'] },
      traits: { plan: { rule: 'latest' } },
    };
    const names = new Map([
      ['k1', 'CRM'],
      ['k2', 'CRM'],
      ['k3', 'Web'],
      ['k9', 'CRM'],
    ]);
    const ranks = new TraitRanks(policy, names);
    expect(['k1', 'k2', 'k3', 'k9'].map((id) => ranks.of('city').get(id))).toEqual([1, 1, undefined, 0]);
    expect(ranks.of('plan').size).toBe(0);
    expect(ranks.of('constructor').size).toBeGreaterThan(0);
  });

  it('ranks a key that is called computed like any other, and computed traits never', () => {
    const policy: MergePolicy = {
      default: { rule: 'source-precedence', sources: ['computed', 'k1'] },
      traits: {},
    };
    const names = new Map([
      ['k1', 'CRM'],
      ['k2', 'computed'],
    ]);
    expect(checkSourcesExist(policy, names)).toEqual([]);
    expect([...new TraitRanks(policy, names).of('city')]).toEqual([
      ['computed', 0],
      ['k1', 1],
      ['k2', 0],
    ]);
  });

  it.each<[string, { default: unknown; traits?: unknown }, string, string]>([
    ['a rule nobody knows', { default: { rule: 'oldest' } }, '/default/rule', 'rule-unknown'],
    ['a rule that is none', { default: 'latest' }, '/default', 'object-required'],
    ['no sources', { default: { rule: 'source-precedence' } }, '/default/sources', 'sources-required'],
    [
      'an empty list',
      { default: { rule: 'source-precedence', sources: [] } },
      '/default/sources',
      'sources-required',
    ],
    [
      'sources of latest',
      { default: { rule: 'latest', sources: ['a'] } },
      '/default/sources',
      'unknown-field',
    ],
    [
      'a field nobody knows',
      { default: { rule: 'latest', fallback: 1 } },
      '/default/fallback',
      'unknown-field',
    ],
    [
      'a source that is no text',
      { default: { rule: 'source-precedence', sources: ['a', 7] } },
      '/default/sources/1',
      'text-required',
    ],
    [
      'a source twice',
      { default: { rule: 'source-precedence', sources: ['a', 'a'] } },
      '/default/sources/1',
      'source-twice',
    ],
    [
      'a trait without a rule',
      { default: { rule: 'latest' }, traits: { 'a/b': 1 } },
      '/traits/a~1b',
      'object-required',
    ],
    [
      'consent',
      { default: { rule: 'latest' }, traits: { consent: { rule: 'latest' } } },
      '/traits/consent',
      'trait-unknown',
    ],
  ])('is refused for %s', (_what, value, pointer, code) => {
    expect(checkPolicy(value)).toMatchObject([{ pointer, code }]);
  });

  it('is refused for sources that are not there, or ranked by id and by name', () => {
    const policy: MergePolicy = {
      default: { rule: 'source-precedence', sources: ['k1', 'Wbe', 'computed'] },
      traits: { tier: { rule: 'source-precedence', sources: ['CRM', 'k1'] } },
    };
    expect(checkSourcesExist(policy, new Map([['k1', 'CRM']]))).toMatchObject([
      { pointer: '/default/sources/1', code: 'source-unknown' },
      { pointer: '/default/sources/2', code: 'source-computed' },
      { pointer: '/traits/tier/sources/1', code: 'source-twice' },
    ]);
  });
});
