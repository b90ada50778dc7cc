import fc from 'fast-check';
import type { TraitStamp } from '../said-trait';
import type { MergePolicy, TraitRule } from './trait-ranks';

export const SOURCES = ['crm', 'web', 'shop', 'app'];
export const TRAITS = ['tier', 'city'];

/** Something said of a trait, through one of a few homes. */
export interface Word {
  home: number;
  trait: string;
  said: TraitStamp;
}

const rule: fc.Arbitrary<TraitRule> = fc.oneof(
  fc.constant<TraitRule>({ rule: 'latest' }),
  fc
    .uniqueArray(fc.constantFrom(...SOURCES), { minLength: 1 })
    .map((sources): TraitRule => ({ rule: 'source-precedence', sources })),
);

export const policies: fc.Arbitrary<MergePolicy> = fc.record({
  default: rule,
  traits: fc.dictionary(fc.constantFrom(...TRAITS), rule, { noNullPrototype: true }),
});

/** Few moments, so that some are said at once; a third are removals. Positions are all different, as in the log. */
export const words: fc.Arbitrary<Word[]> = fc
  .array(
    fc.record({
      home: fc.integer({ min: 1, max: 3 }),
      trait: fc.constantFrom(...TRAITS),
      source: fc.constantFrom(...SOURCES),
      value: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 2 }), fc.constantFrom('a', 'b')),
      day: fc.integer({ min: 1, max: 4 }),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map((all) =>
    all.map(({ home, trait, source, value, day }, pos) => ({
      home,
      trait,
      said: { value, source, at: `2026-01-0${day}T00:00:00.000Z`, pos },
    })),
  );
