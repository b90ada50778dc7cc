import { ApiProperty, ApiPropertyOptional, PickType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsInt,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { MAX_EXPRESSION } from '@percorso/mapping';

export class MappingExpression {
  @ApiProperty({
    description: 'JSONata over {profile, audience, membership, now}.',
    example: '{"email": profile.traits.email}',
  })
  @IsString()
  @IsNotEmpty()
  @MaxLength(MAX_EXPRESSION)
  expression!: string;
}

export class MappingExample {
  @ApiProperty({ example: 'A member without a first name' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  name!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description:
      'What the expression sees: {profile, audience, membership, now}. `$now()` is its `now`, or 2026-01-01T00:00:00Z.',
  })
  @IsObject()
  input!: Record<string, unknown>;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'What it must give. Either this or dropped.',
  })
  @IsOptional()
  @IsObject()
  output?: Record<string, unknown>;

  @ApiPropertyOptional({
    description: 'Why it must give nothing to send: missing-required, no-output, or an error of JSONata.',
    example: 'missing-required',
  })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  dropped?: string;
}

export class ReplaceMapping extends MappingExpression {
  @ApiPropertyOptional({ type: [String], description: 'Output fields without which a row is dropped.' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(128, { each: true })
  required: string[] = [];

  @ApiPropertyOptional({
    type: [MappingExample],
    description:
      'Golden examples: kept with the mapping and tried at every save, which is refused while one comes out otherwise. ' +
      'Left out, those of the version before stay.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => MappingExample)
  examples?: MappingExample[];
}

export class RollbackMapping {
  @ApiProperty({ type: 'integer', minimum: 1, description: 'The version to have again, as a new one.' })
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  version!: number;
}

export class VersionsCompared {
  @ApiPropertyOptional({ type: 'integer', description: 'The one before `to` unless given.' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  from?: number;

  @ApiPropertyOptional({ type: 'integer', description: 'The newest unless given.' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  to?: number;
}

export class CreateMapping extends ReplaceMapping {
  @ApiProperty()
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  name!: string;
}

export class TryMapping {
  @ApiPropertyOptional({ description: 'Either an expression or a mappingId.' })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_EXPRESSION)
  expression?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  mappingId?: string;

  @ApiPropertyOptional({ type: [String], description: 'Real profiles to try it on.' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsUUID(undefined, { each: true })
  profileIds: string[] = [];

  @ApiPropertyOptional({ type: 'array', items: { type: 'object' }, description: 'Made-up input documents.' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsObject({ each: true })
  documents: Record<string, unknown>[] = [];

  @ApiPropertyOptional({ format: 'uuid', description: 'An audience of whose members some are taken.' })
  @IsOptional()
  @IsUUID()
  audienceId?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 100,
    default: 10,
    description: 'How many of them.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  members: number = 10;

  @ApiPropertyOptional({
    type: [String],
    description: "Output fields without which a row is dropped; the mapping's own unless given.",
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(128, { each: true })
  required?: string[];

  @ApiPropertyOptional({
    format: 'uuid',
    description: 'A connector of which the fields its plugin needs count too.',
  })
  @IsOptional()
  @IsUUID()
  connectorId?: string;
}

export class MappingView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty()
  expression!: string;

  @ApiProperty({ type: [String] })
  required!: string[];

  @ApiProperty({ type: [MappingExample] })
  examples!: MappingExample[];

  @ApiProperty({ description: 'The version of the expression that syncs use.' })
  current!: number;

  @ApiProperty()
  version!: number;
}

export class ExpressionError {
  @ApiProperty({ example: '/expression' })
  pointer!: string;

  @ApiProperty({ example: 'S0203' })
  code!: string;

  @ApiProperty()
  message!: string;

  @ApiPropertyOptional({ description: 'Offset into the expression.' })
  position?: number;

  @ApiPropertyOptional({ description: 'Where that is, from 1.' })
  line?: number;

  @ApiPropertyOptional({ description: 'From 1.' })
  column?: number;
}

export class ValidationView {
  @ApiProperty()
  valid!: boolean;

  @ApiProperty({ type: [ExpressionError] })
  errors!: ExpressionError[];
}

export class DroppedView {
  @ApiProperty({ example: 'missing-required' })
  code!: string;

  @ApiPropertyOptional()
  reason?: string;

  @ApiPropertyOptional({ description: 'RFC 6901 pointer into what the mapping gave.' })
  pointer?: string;
}

export class TryResult {
  @ApiPropertyOptional({ format: 'uuid', description: 'Of a real profile.' })
  profileId?: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'What the expression gives.',
  })
  output?: unknown;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: '{code, message, position}',
  })
  error?: object;

  @ApiPropertyOptional({ type: DroppedView, description: 'Why such a row would not be sent.' })
  dropped?: DroppedView;
}

export class TryView {
  @ApiProperty({
    type: [TryResult],
    description: 'One per profile, then one per member of the audience, then one per document.',
  })
  results!: TryResult[];
}

export class MappingVersionView extends PickType(MappingView, ['expression', 'required', 'examples']) {
  @ApiProperty({ type: 'integer' })
  version!: number;

  @ApiProperty()
  createdAt!: Date;
}

export class ChangedLine {
  @ApiProperty({ enum: ['same', 'removed', 'added'] })
  change!: 'same' | 'removed' | 'added';

  @ApiProperty()
  line!: string;
}

export class ChangedNames {
  @ApiProperty({ type: [String] })
  removed!: string[];

  @ApiProperty({ type: [String] })
  added!: string[];
}

export class ChangedExamples extends ChangedNames {
  @ApiProperty({ type: [String] })
  changed!: string[];
}

export class MappingDiff {
  @ApiProperty({ type: 'integer' })
  from!: number;

  @ApiProperty({ type: 'integer' })
  to!: number;

  @ApiProperty({ type: [ChangedLine], description: 'The expression, line by line.' })
  expression!: ChangedLine[];

  @ApiProperty({ type: ChangedNames })
  required!: ChangedNames;

  @ApiProperty({ type: ChangedExamples, description: 'By their names.' })
  examples!: ChangedExamples;
}
