import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsObject, IsOptional, IsString, MaxLength, ValidateNested } from 'class-validator';
import { EvaluationView } from '../audience/audience.dto';

const CRON = {
  description:
    'Minute, hour, day of month, month and weekday; where both days are restricted, either is enough. Each time on the ' +
    'clock runs once, also when clocks change.',
  maxLength: 200,
  example: '0 6 * * 1-5',
};
const ZONE = { description: 'IANA zone of the clock.', maxLength: 64, example: 'Europe/Rome' };

export class AfterIngest {
  @ApiProperty({ description: 'How long nothing must have come: 1 second to 1 day.', example: '5m' })
  @IsString()
  @MaxLength(32)
  quiet!: string;

  @ApiProperty({ description: 'One run at most in this time: 1 second to 31 days.', example: '1h' })
  @IsString()
  @MaxLength(32)
  atMost!: string;
}

export class SetSchedule {
  @ApiPropertyOptional(CRON)
  @IsOptional()
  @IsString()
  @MaxLength(CRON.maxLength)
  cron?: string;

  @ApiPropertyOptional({ ...ZONE, default: "the workspace's" })
  @IsOptional()
  @IsString()
  @MaxLength(ZONE.maxLength)
  zone?: string;

  @ApiPropertyOptional({
    type: AfterIngest,
    description: 'In the place of cron: when the events that came are applied and no more come.',
  })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => AfterIngest)
  afterIngest?: AfterIngest;

  @ApiPropertyOptional({ description: 'What falls due while paused is not run later.', default: false })
  @IsOptional()
  @IsBoolean()
  paused: boolean = false;
}

export class ScheduledRunView {
  @ApiProperty({ description: 'The moment it was due.' })
  dueAt!: Date;

  @ApiProperty({ description: 'When the evaluation was asked for.' })
  at!: Date;

  @ApiProperty({ type: EvaluationView })
  evaluation!: EvaluationView;
}

export class ScheduleView {
  @ApiProperty({ ...CRON, type: String, nullable: true })
  cron!: string | null;

  @ApiProperty({ ...ZONE, type: String, nullable: true, description: "null: the workspace's." })
  zone!: string | null;

  @ApiProperty({ type: AfterIngest, nullable: true })
  afterIngest!: AfterIngest | null;

  @ApiProperty()
  paused!: boolean;

  @ApiProperty({
    type: Date,
    nullable: true,
    description:
      'When it runs next; after ingest, if no more comes until then. null: paused, or nothing came.',
  })
  nextRunAt!: Date | null;

  @ApiProperty({ type: ScheduledRunView, nullable: true })
  lastRun!: ScheduledRunView | null;

  @ApiProperty({ type: 'integer' })
  version!: number;

  @ApiProperty()
  createdAt!: Date;

  @ApiProperty()
  updatedAt!: Date;
}
