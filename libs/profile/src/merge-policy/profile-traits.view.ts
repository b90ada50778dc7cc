import { ApiProperty } from '@nestjs/swagger';
import { countedOf, SaidTrait, saidOf, type TraitStamp } from '../said-trait';
import { COMPUTED_SOURCE } from '../computed-values';
import { TraitRuleView } from './merge-policy.dto';
import { MergePolicy, ruleFor, SourceNames, TraitRanks, TraitRule } from './trait-ranks';

export class SaidValueView {
  @ApiProperty({ description: 'Any JSON value; null when the source removed the trait.' })
  value!: unknown;

  @ApiProperty()
  source!: string;

  @ApiProperty({ description: 'Of the key that sent it.', type: String, nullable: true })
  sourceName!: string | null;

  /** When it occurred. */
  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ description: 'Whether this is the value that counts.' })
  counts!: boolean;
}

/** A trait with what every source said of it last. */
export class ProfileTraitView {
  @ApiProperty()
  name!: string;

  @ApiProperty({ description: 'The value that counts; null when there is none.' })
  value!: unknown;

  @ApiProperty({ type: TraitRuleView, description: 'What the merge policy says of this trait.' })
  rule!: TraitRule;

  @ApiProperty({ type: [SaidValueView], description: 'The latest first.' })
  said!: SaidValueView[];
}

/** A trait that the hub computes: its value counts, whatever sources say. */
export function computedView(
  name: string,
  computed: TraitStamp | undefined,
  said: readonly TraitStamp[],
  policy: MergePolicy,
  names: SourceNames,
): ProfileTraitView {
  const view = ({ value, source, at }: TraitStamp): SaidValueView => ({
    value,
    source,
    sourceName: names.get(source) ?? null,
    at,
    counts: source === COMPUTED_SOURCE,
  });
  const all = [...(computed ? [computed] : []), ...said];
  return { name, value: computed?.value ?? null, rule: ruleFor(policy, name), said: all.map(view) };
}

export function traitView(
  name: string,
  trait: SaidTrait,
  policy: MergePolicy,
  ranks: TraitRanks,
  names: SourceNames,
): ProfileTraitView {
  const all = saidOf(trait);
  const { source, value } = countedOf(trait, ranks.of(name));
  const view = (said: TraitStamp): SaidValueView => ({
    value: said.value,
    source: said.source,
    sourceName: names.get(said.source) ?? null,
    at: said.at,
    counts: said.source === source && value !== null,
  });
  return { name, value, rule: ruleFor(policy, name), said: all.map(view) };
}
