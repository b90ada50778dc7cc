import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsObject, IsOptional } from 'class-validator';
import type { TraitRule } from './trait-ranks';

const RULES = ['latest', 'source-precedence'] as const;

export class TraitRuleView {
  @ApiProperty({ enum: RULES })
  rule!: (typeof RULES)[number];

  @ApiPropertyOptional({
    type: [String],
    description:
      'Of source-precedence: ids of sources or names of write keys, the one that counts most first. All others come after, as one. Computed traits are of no source: they count whatever is said.',
  })
  sources?: string[];
}

const BY_TRAIT = {
  type: 'object',
  additionalProperties: { $ref: '#/components/schemas/TraitRuleView' },
  description: 'By top-level trait, in place of the default.',
} as const;

/** Which of several sources' values of a trait counts. */
export class PutMergePolicy {
  @ApiProperty({ type: TraitRuleView })
  @IsObject()
  default!: TraitRule;

  @ApiPropertyOptional(BY_TRAIT)
  @IsOptional()
  @IsObject()
  traits?: Record<string, TraitRule>;
}

export class RolloutView {
  @ApiProperty({
    enum: ['running', 'done', 'superseded'],
    description: 'Superseded: a newer version came before it was done.',
  })
  state!: 'running' | 'done' | 'superseded';

  @ApiProperty({ minimum: 0, maximum: 1 })
  progress!: number;

  @ApiProperty({ type: 'integer', description: 'Profiles looked at.' })
  profiles!: number;

  @ApiProperty({ type: 'integer', description: 'Profiles of which readers see other traits.' })
  changed!: number;

  @ApiProperty({ format: 'date-time', type: String, nullable: true })
  endedAt!: Date | null;
}

export class MergePolicyView {
  @ApiProperty({ type: 'integer' })
  version!: number;

  @ApiProperty({ type: TraitRuleView })
  default!: TraitRule;

  @ApiProperty(BY_TRAIT)
  traits!: Record<string, TraitRule>;

  @ApiProperty({
    format: 'date-time',
    type: String,
    nullable: true,
    description: 'Null where nobody said anything.',
  })
  createdAt!: Date | null;

  @ApiProperty({ type: RolloutView, description: 'Bringing older profiles under this version.' })
  rollout!: RolloutView;
}
