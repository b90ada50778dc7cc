import { ApiProperty, ApiPropertyOptional, IntersectionType, OmitType, PickType } from '@nestjs/swagger';
import { PageQuery } from '@percorso/access';
import { MAX_EXPRESSION } from '@percorso/mapping';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsNotEmpty,
  IsNumber,
  IsOptional,
  IsString,
  IsUUID,
  Max,
  MaxLength,
  Min,
} from 'class-validator';

export const DEAD_STATES = ['rejected', 'dropped', 'unknown'] as const;

export class DeadLetterFilter {
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  syncId?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  runId?: string;

  @ApiPropertyOptional({ enum: DEAD_STATES })
  @IsOptional()
  @IsIn(DEAD_STATES)
  state?: string;

  @ApiPropertyOptional({ example: 'missing-required' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  reasonCode?: string;

  @ApiPropertyOptional({ description: 'RFC 6901 pointer into what the mapping gave.', example: '/email' })
  @IsOptional()
  @IsString()
  @MaxLength(500)
  pointer?: string;
}

export class DeadLetterQuery extends IntersectionType(PageQuery, DeadLetterFilter) {
  @ApiPropertyOptional({ description: 'Those that were discarded, and no others.', default: false })
  @IsOptional()
  @Transform(({ value }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  discarded: boolean = false;
}

/** Of one sync: all of its dead letters, those of a kind, or those that are named. */
export class ChosenDeadLetters extends OmitType(DeadLetterFilter, ['syncId']) {
  @ApiProperty({ format: 'uuid' })
  @IsUUID()
  syncId!: string;

  @ApiPropertyOptional({ type: [String], description: 'These, of those that the rest of the body names.' })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1000)
  @IsUUID(undefined, { each: true })
  ids?: string[];
}

export class ReplayDeadLetters extends ChosenDeadLetters {
  @ApiPropertyOptional({
    description: 'Rows that become due in a second; without it, all at once.',
    minimum: 0.01,
    maximum: 10_000,
  })
  @IsOptional()
  @IsNumber()
  @Min(0.01)
  @Max(10_000)
  rowsPerSecond?: number;
}

export class ReplayView {
  @ApiProperty({ description: 'Rows that are on their way again.' })
  replayed!: number;

  @ApiProperty({
    description: 'Rows that the newest mapping drops; they stay dead letters, with that reason.',
  })
  dropped!: number;

  @ApiProperty({
    description:
      'Rows left alone: of unknown outcome, which are settled one by one, and of members that have come or gone since.',
  })
  skipped!: number;

  @ApiProperty({ type: Date, nullable: true, description: 'When the last becomes due.' })
  lastDueAt!: Date | null;
}

export class DiscardDeadLetters extends ChosenDeadLetters {
  @ApiProperty({ description: 'Why; kept with each and in the audit log.', example: 'Test accounts.' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(500)
  note!: string;
}

export class DiscardView {
  @ApiProperty()
  discarded!: number;
}

export class PreviewDeadLetter {
  @ApiPropertyOptional({ description: "In the place of the mapping's newest version." })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(MAX_EXPRESSION)
  expression?: string;

  @ApiPropertyOptional({ type: [String], description: "In the place of the mapping's required fields." })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(128, { each: true })
  required?: string[];
}

export class PreviewView {
  @ApiProperty({ enum: ['send', 'upsert', 'remove'] })
  operation!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'What would be sent.',
  })
  payload!: unknown;

  @ApiProperty({ nullable: true, type: String, description: 'Why nothing would be.' })
  reasonCode!: string | null;

  @ApiProperty({ nullable: true, type: String })
  reason!: string | null;

  @ApiProperty({ nullable: true, type: String })
  pointer!: string | null;

  @ApiProperty({ type: [String], description: 'Pointers of what is otherwise than it was sent.' })
  changed!: string[];
}

export class DeadLetterView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  syncId!: string;

  @ApiProperty({ format: 'uuid', nullable: true, type: String })
  runId!: string | null;

  @ApiProperty({ format: 'uuid' })
  connectorId!: string;

  @ApiProperty({ format: 'uuid' })
  profileId!: string;

  @ApiProperty({ enum: ['send', 'upsert', 'remove'] })
  operation!: string;

  @ApiProperty()
  membershipVersion!: number;

  @ApiProperty({ nullable: true, type: Number, description: 'The version of the mapping it was made with.' })
  mappingVersion!: number | null;

  @ApiProperty({ enum: DEAD_STATES })
  state!: string;

  @ApiProperty({ nullable: true, type: String })
  reasonCode!: string | null;

  @ApiProperty({ nullable: true, type: String })
  reason!: string | null;

  @ApiProperty({ nullable: true, type: String, description: 'RFC 6901 pointer into what the mapping gave.' })
  pointer!: string | null;

  @ApiProperty()
  attempt!: number;

  @ApiProperty()
  createdAt!: Date;

  @ApiProperty()
  updatedAt!: Date;
}

class DeadLetterAttempt {
  @ApiProperty()
  attempt!: number;

  @ApiProperty()
  startedAt!: Date;

  @ApiProperty({ type: Date, nullable: true })
  endedAt!: Date | null;

  @ApiProperty({ type: String, nullable: true })
  outcome!: string | null;

  @ApiProperty({ type: String, nullable: true })
  code!: string | null;
}

class DeadLetterRequest {
  @ApiProperty({ description: 'The key that names the intent to the provider.' })
  key!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'What was sent, as it was frozen.',
  })
  payload!: unknown;

  @ApiProperty({
    type: [String],
    description: 'Pointers of what is hidden in it: all values, from a key without profiles:read.',
  })
  hidden!: string[];
}

class DeadLetterResponse extends PickType(DeadLetterView, ['reasonCode', 'reason', 'pointer']) {
  @ApiProperty({ nullable: true, type: String })
  providerId!: string | null;
}

class Discarded {
  @ApiProperty()
  note!: string;

  @ApiProperty()
  actor!: string;

  @ApiProperty()
  at!: Date;
}

export class DeadLetterDetail extends DeadLetterView {
  @ApiProperty({ type: DeadLetterRequest })
  request!: DeadLetterRequest;

  @ApiProperty({ type: DeadLetterResponse, description: "The provider's answer, or why it was not asked." })
  response!: DeadLetterResponse;

  @ApiProperty({ type: [DeadLetterAttempt] })
  attempts!: DeadLetterAttempt[];

  @ApiProperty({ type: Discarded, nullable: true })
  discarded!: Discarded | null;
}

export class DeadLetterGroup {
  @ApiProperty({ format: 'uuid' })
  syncId!: string;

  @ApiProperty()
  syncName!: string;

  @ApiProperty({ enum: DEAD_STATES })
  state!: string;

  @ApiProperty({ nullable: true, type: String })
  reasonCode!: string | null;

  @ApiProperty({ nullable: true, type: String })
  pointer!: string | null;

  @ApiProperty()
  count!: number;

  @ApiProperty()
  firstAt!: Date;

  @ApiProperty()
  lastAt!: Date;

  @ApiProperty({ format: 'uuid', description: 'One of them.' })
  sampleId!: string;
}
