import { ApiProperty, ApiPropertyOptional, IntersectionType, OmitType, PickType } from '@nestjs/swagger';
import { PageQuery } from '@percorso/access';
import {
  AttemptView,
  DeadEffectFilter,
  DeadEffectGroup,
  DeadEffectView,
  EffectView,
} from '@percorso/delivery';
import { MAX_EXPRESSION } from '@percorso/mapping';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsNotEmpty,
  IsOptional,
  IsString,
  IsUUID,
  MaxLength,
  ValidateIf,
} from 'class-validator';
import { ExchangeView } from './exchange.dto';
import { SyncEffectView } from './sync.dto';

export class DeadLetterFilter extends DeadEffectFilter {
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  syncId?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  runId?: string;

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

const namesSome = ({ connectorId, runId, reasonCode, ids }: ChosenDeadLetters): boolean =>
  [connectorId, runId, reasonCode, ids].some((one) => one !== undefined);

/** All dead letters of a sync, a run or a connector, those of a kind, or some by their ids. */
export class ChosenDeadLetters extends OmitType(DeadLetterFilter, ['syncId']) {
  @ApiPropertyOptional({
    format: 'uuid',
    description: 'Needed unless a connector, a run, a reason or ids are named.',
  })
  @ValidateIf((chosen: ChosenDeadLetters) => chosen.syncId !== undefined || !namesSome(chosen))
  @IsUUID()
  syncId?: string;

  @ApiPropertyOptional({ type: [String], description: 'These, of those that the rest of the body names.' })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1000)
  @IsUUID(undefined, { each: true })
  ids?: string[];
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

export class PreviewDeadLetters extends IntersectionType(ChosenDeadLetters, PreviewDeadLetter) {}

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

class PreviewedDrops {
  @ApiProperty()
  reasonCode!: string;

  @ApiProperty({ nullable: true, type: String })
  pointer!: string | null;

  @ApiProperty()
  count!: number;
}

class PreviewedLetter extends PreviewView {
  @ApiProperty({ format: 'uuid' })
  id!: string;
}

export class PreviewsView {
  @ApiProperty({ description: 'Dead letters that are chosen.' })
  chosen!: number;

  @ApiProperty({ description: 'Of them, looked at: 500 at most.' })
  looked!: number;

  @ApiProperty({ description: 'Would be sent.' })
  replayed!: number;

  @ApiProperty({ description: 'Would be left alone.' })
  skipped!: number;

  @ApiProperty({ type: [PreviewedDrops], description: 'Would be dropped, by reason.' })
  dropped!: PreviewedDrops[];

  @ApiProperty({ type: [PreviewedLetter], description: 'Some of them as they would be, 20 at most.' })
  samples!: PreviewedLetter[];
}

/** An effect that ended badly, as its sync sees it. */
export class DeadLetterView extends IntersectionType(
  DeadEffectView,
  PickType(EffectView, ['runId']),
  PickType(SyncEffectView, ['operation', 'membershipVersion']),
) {
  @ApiProperty({ format: 'uuid' })
  syncId!: string;

  @ApiProperty({ nullable: true, type: Number, description: 'The version of the mapping it was made with.' })
  mappingVersion!: number | null;
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

  @ApiProperty({
    type: ExchangeView,
    nullable: true,
    description:
      'What went over the wire last; null where nothing did, or it is forgotten (after thirty days).',
  })
  exchange!: ExchangeView | null;

  @ApiProperty({ type: [AttemptView] })
  attempts!: AttemptView[];

  @ApiProperty({ type: Discarded, nullable: true })
  discarded!: Discarded | null;
}

export class DeadLetterGroup extends DeadEffectGroup {
  @ApiProperty({ format: 'uuid' })
  syncId!: string;

  @ApiProperty()
  syncName!: string;
}
