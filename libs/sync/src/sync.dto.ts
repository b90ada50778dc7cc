import { ApiProperty, ApiPropertyOptional, IntersectionType, PickType } from '@nestjs/swagger';
import { DeadEffectView, EffectView } from '@percorso/delivery';
import { UsageViolationView } from '@percorso/profile';
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { SYNC_MODES, type SyncMode } from './sync-mode';

const MODE = {
  enum: SYNC_MODES,
  description:
    'What is told of members, entries, exits and changed traits: the guide has the table. It must go with what the ' +
    "connector's plugin can do. `update-only` asks the target who has a record where the plugin can look up and its manifest " +
    'names the record key (`recordKey`); else it goes by what all syncs of the connector were told.',
};

export class SyncSchedule {
  @ApiProperty({
    description: 'Minute, hour, day of month, month and weekday, as for audiences.',
    maxLength: 200,
    example: '0 6 * * 1-5',
  })
  @IsString()
  @MaxLength(200)
  cron!: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: "IANA zone of the clock; without one, the workspace's.",
    maxLength: 64,
    example: 'Europe/Rome',
  })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  zone?: string | null;
}

export class SyncTriggers {
  @ApiPropertyOptional({ type: SyncSchedule, nullable: true })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => SyncSchedule)
  schedule?: SyncSchedule | null = null;

  @ApiPropertyOptional({ description: 'After every evaluation of the audience.', default: false })
  @IsOptional()
  @IsBoolean()
  afterEvaluation: boolean = false;

  @ApiPropertyOptional({ description: 'Whenever somebody enters or leaves.', default: false })
  @IsOptional()
  @IsBoolean()
  onDelta: boolean = false;
}

export class CreateSync {
  @ApiProperty()
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  name!: string;

  @ApiProperty({ format: 'uuid' })
  @IsUUID()
  audienceId!: string;

  @ApiProperty({ format: 'uuid' })
  @IsUUID()
  connectorId!: string;

  @ApiProperty({ format: 'uuid' })
  @IsUUID()
  mappingId!: string;

  @ApiPropertyOptional({
    format: 'uuid',
    description:
      'What to write when a member leaves. Without it, or where it gives nothing, a campaign system is told to remove the member and a messaging provider is told nothing.',
  })
  @IsOptional()
  @IsUUID()
  exitMappingId?: string;

  @ApiPropertyOptional({
    ...MODE,
    default: 'mirror of a campaign system that can remove, else incremental',
  })
  @IsOptional()
  @IsIn(SYNC_MODES)
  mode?: SyncMode;

  @ApiPropertyOptional({ type: SyncTriggers, description: 'What begins runs besides asking for one.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => SyncTriggers)
  triggers: SyncTriggers = new SyncTriggers();
}

export class UpdateSync {
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  name?: string;

  @ApiPropertyOptional({
    ...MODE,
    description: `${MODE.description} A run that is open goes on as it began.`,
  })
  @IsOptional()
  @IsIn(SYNC_MODES)
  mode?: SyncMode;

  @ApiPropertyOptional({ type: SyncTriggers, description: 'All triggers: what is left out is off.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => SyncTriggers)
  triggers?: SyncTriggers;
}

export class SyncView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ format: 'uuid' })
  audienceId!: string;

  @ApiProperty({ format: 'uuid' })
  connectorId!: string;

  @ApiProperty({ format: 'uuid' })
  mappingId!: string;

  @ApiProperty({ format: 'uuid', nullable: true, type: String })
  exitMappingId!: string | null;

  @ApiProperty({
    ...MODE,
    nullable: true,
    description: `${MODE.description} null: made before there were modes, and as one that names none.`,
  })
  mode!: SyncMode | null;

  @ApiProperty({ type: SyncTriggers })
  triggers!: SyncTriggers;

  @ApiProperty({ type: Date, nullable: true, description: "The schedule's next moment." })
  nextRunAt!: Date | null;

  @ApiProperty({ enum: ['active', 'paused'] })
  state!: 'active' | 'paused';

  @ApiProperty({
    type: [UsageViolationView],
    description: 'Usage policies that it breaks; while there are any, it plans and sends nothing.',
  })
  usageViolations!: UsageViolationView[];

  @ApiProperty({ description: 'Changes of the membership log planned so far.' })
  cursorPos!: number;

  @ApiProperty()
  version!: number;
}

class EffectCounts {
  @ApiProperty()
  accepted!: number;

  @ApiProperty()
  rejected!: number;

  @ApiProperty()
  suppressed!: number;

  @ApiProperty()
  dropped!: number;

  @ApiProperty()
  pending!: number;

  @ApiProperty()
  unknown!: number;
}

export class RunCountsView extends EffectCounts {
  @ApiProperty()
  planned!: number;

  @ApiProperty()
  sending!: number;

  @ApiProperty()
  superseded!: number;
}

export class RunView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  syncId!: string;

  @ApiProperty({ enum: ['planning', 'delivering', 'done', 'failed', 'cancelled'] })
  state!: string;

  @ApiProperty({ enum: SYNC_MODES, nullable: true })
  mode!: SyncMode | null;

  @ApiProperty({ enum: ['demand', 'schedule', 'evaluation', 'delta'], description: 'What began it.' })
  trigger!: string;

  @ApiProperty({ description: 'Whether it reads the members themselves, as a first run does.' })
  snapshot!: boolean;

  @ApiProperty({ description: 'Changes of the membership log after this position …' })
  fromPos!: number;

  @ApiProperty({ description: '… up to this one.' })
  toPos!: number;

  @ApiProperty({ type: RunCountsView })
  counts!: RunCountsView;

  @ApiProperty({ minimum: 0, maximum: 1 })
  progress!: number;

  @ApiProperty({ description: 'Its sync is paused: nothing is planned or sent.' })
  paused!: boolean;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Rows it will have looked at, as known when it began.',
  })
  expected!: number | null;

  @ApiProperty({ description: 'Rows it looked at so far; what is not new is not planned.' })
  looked!: number;

  @ApiProperty({
    type: Date,
    nullable: true,
    description: 'By the pace so far; null while that cannot be told, and of runs on delta.',
  })
  estimatedEndAt!: Date | null;

  @ApiProperty({ nullable: true, type: String })
  error!: string | null;

  @ApiProperty()
  createdAt!: Date;

  @ApiProperty({ nullable: true, type: Date })
  endedAt!: Date | null;
}

export class StartedRun {
  @ApiProperty({ type: RunView })
  run!: RunView;
}

/** Of an effect that a sync wanted. */
export class SyncEffectView extends PickType(EffectView, [
  'profileId',
  'membershipVersion',
  'reasonCode',
  'reason',
]) {
  @ApiProperty({ enum: ['send', 'upsert', 'remove'] })
  operation!: string;
}

export class RunRowView extends IntersectionType(
  SyncEffectView,
  PickType(EffectView, ['state', 'providerId']),
  PickType(DeadEffectView, ['pointer', 'attempt']),
) {
  @ApiProperty({ format: 'uuid' })
  effectId!: string;
}

export class ReconciliationView extends EffectCounts {
  @ApiProperty()
  members!: number;

  @ApiProperty({ description: 'Planned and on the way, or not yet planned.' })
  declare pending: number;

  @ApiProperty({ description: 'members = accepted + rejected + suppressed + dropped + pending + unknown' })
  balanced!: boolean;
}
