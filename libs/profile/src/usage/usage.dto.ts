import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsBoolean,
  IsIn,
  IsNotEmpty,
  IsOptional,
  IsString,
  MaxLength,
} from 'class-validator';
import { USAGE_ACTIONS, type UsageAction } from './standard';

const LABELS = {
  type: String,
  isArray: true as const,
  example: ['directly-identifying', 'contract:no-third-party'],
};
const ACTIONS = { enum: USAGE_ACTIONS, isArray: true, example: ['third-party'] };

export class PutLabel {
  @ApiProperty({ maxLength: 1000 })
  @IsString()
  @IsNotEmpty()
  @MaxLength(1000)
  description!: string;
}

export class LabelView {
  @ApiProperty()
  name!: string;

  @ApiProperty()
  description!: string;

  @ApiProperty({ description: 'Whether it is there in every workspace.' })
  standard!: boolean;

  @ApiProperty({ type: 'integer', description: '0 of a standard one.' })
  version!: number;
}

export class PutFieldLabels {
  @ApiProperty(LABELS)
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(50)
  @IsString({ each: true })
  @MaxLength(128, { each: true })
  labels!: string[];
}

export class FieldLabelsView {
  @ApiProperty({ example: 'traits.email' })
  field!: string;

  @ApiProperty(LABELS)
  labels!: string[];

  @ApiProperty({ type: 'integer' })
  version!: number;
}

export class PutUsagePolicy {
  @ApiPropertyOptional({ maxLength: 1000, default: '' })
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  description?: string;

  @ApiPropertyOptional({ ...ACTIONS, description: 'What is barred; needed of a policy of your own.' })
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @IsIn(USAGE_ACTIONS, { each: true })
  actions?: UsageAction[];

  @ApiPropertyOptional({ ...LABELS, description: 'Of which fields; needed of a policy of your own.' })
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(50)
  @IsString({ each: true })
  @MaxLength(128, { each: true })
  labels?: string[];

  @ApiPropertyOptional({
    enum: ['any', 'all'],
    default: 'any',
    description: 'Whether one of the labels is enough, or all must come together in one use.',
  })
  @IsOptional()
  @IsIn(['any', 'all'])
  match?: 'any' | 'all';

  @ApiPropertyOptional({
    default: true,
    description: 'Whether a field counts that only the audience’s definition looks at.',
  })
  @IsOptional()
  @IsBoolean()
  audiences?: boolean;

  @ApiPropertyOptional({ default: true, description: 'All that can be said of a standard policy.' })
  @IsOptional()
  @IsBoolean()
  enabled?: boolean;
}

export class UsagePolicyView {
  @ApiProperty()
  name!: string;

  @ApiProperty()
  description!: string;

  @ApiProperty(ACTIONS)
  actions!: readonly UsageAction[];

  @ApiProperty(LABELS)
  labels!: readonly string[];

  @ApiProperty({ enum: ['any', 'all'] })
  match!: 'any' | 'all';

  @ApiProperty()
  audiences!: boolean;

  @ApiProperty()
  enabled!: boolean;

  @ApiProperty({ description: 'Whether it is there in every workspace.' })
  standard!: boolean;

  @ApiProperty({ type: 'integer', description: '0 of a standard one that was never changed.' })
  version!: number;
}

/** A policy that something breaks, where, and by which field. */
export class UsageViolationView {
  @ApiProperty({ example: 'traits.email' })
  field!: string;

  @ApiProperty({ type: [String] })
  labels!: string[];

  @ApiProperty({ example: 'no-third-party' })
  policy!: string;

  @ApiProperty({ type: [String] })
  actions!: string[];

  @ApiProperty({ example: '/mapping' })
  pointer!: string;

  @ApiPropertyOptional({ type: 'integer', description: 'Offset into the expression.' })
  position?: number;
}
