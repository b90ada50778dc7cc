import type { Ranks } from '../said-trait';

/** Which of several sources' values of a trait counts. */
export type TraitRule =
  | { rule: 'latest' }
  /** The first of `sources` that has a value; sources that are not named come after all that are, as one. */
  | { rule: 'source-precedence'; sources: string[] };

/** A workspace's say on which value of a trait counts. */
export interface MergePolicy {
  default: TraitRule;
  /** By top-level trait, in place of the default. */
  traits: Record<string, TraitRule>;
}

export const LATEST: MergePolicy = { default: { rule: 'latest' }, traits: {} };

/** Write keys by id, with the names admins gave them. */
export type SourceNames = ReadonlyMap<string, string>;

/** A policy ready to be asked: the names it ranks stand for the sources that are called so. */
export class TraitRanks {
  private readonly fallback: Ranks;
  private readonly ranks = new Map<string, Ranks>();

  constructor(policy: MergePolicy, names: SourceNames = new Map()) {
    this.fallback = ranksOf(policy.default, names);
    for (const [trait, rule] of Object.entries(policy.traits)) this.ranks.set(trait, ranksOf(rule, names));
  }

  of(trait: string): Ranks {
    return this.ranks.get(trait) ?? this.fallback;
  }
}

function ranksOf(rule: TraitRule, names: SourceNames): Ranks {
  const ranks = new Map<string, number>();
  if (rule.rule === 'latest') return ranks;
  rule.sources.forEach((source, rank) => ranks.set(source, rank));
  // A source named by its id has the rank of that.
  for (const [id, name] of names) {
    const rank = rule.sources.indexOf(name);
    if (rank >= 0 && !ranks.has(id)) ranks.set(id, rank);
  }
  return ranks;
}

/** The rule for one trait. */
export const ruleFor = (policy: MergePolicy, trait: string): TraitRule =>
  (Object.hasOwn(policy.traits, trait) && policy.traits[trait]) || policy.default;

/** Every source a policy names. */
export const namedSources = (policy: MergePolicy): string[] => [
  ...new Set(
    [policy.default, ...Object.values(policy.traits)].flatMap((rule) =>
      rule.rule === 'source-precedence' ? rule.sources : [],
    ),
  ),
];
