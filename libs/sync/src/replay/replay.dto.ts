import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsNumber, IsOptional, Max, Min } from 'class-validator';
import { ChosenDeadLetters } from '../dead-letter.dto';
import { RunCountsView } from '../sync.dto';

export const REPLAY_STATES = ['running', 'paused', 'done', 'cancelled'] as const;
export type ReplayState = (typeof REPLAY_STATES)[number];

export class ReplayDeadLetters extends ChosenDeadLetters {
  @ApiPropertyOptional({
    description: 'Rows that become due in a second; without it, as fast as it goes.',
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
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({
    enum: REPLAY_STATES,
    description:
      'done: every dead letter that was chosen is on its way or was left; `counts` says what came of them.',
  })
  state!: ReplayState;

  @ApiProperty({ type: ChosenDeadLetters, description: 'What was asked for.' })
  chosen!: ChosenDeadLetters;

  @ApiProperty({ type: Number, nullable: true })
  rowsPerSecond!: number | null;

  @ApiProperty({ description: 'Dead letters that were chosen when it began.' })
  expected!: number;

  @ApiProperty({ description: 'Looked at so far.' })
  looked!: number;

  @ApiProperty({ description: 'Rows put on their way again so far.' })
  replayed!: number;

  @ApiProperty({
    description: 'Rows that the newest mapping drops; they stay dead letters, with that reason.',
  })
  dropped!: number;

  @ApiProperty({
    description:
      'Rows left alone: of unknown outcome, which are settled one by one, of members that have come or gone since, and what somebody else opened first.',
  })
  skipped!: number;

  @ApiProperty({ type: RunCountsView, description: 'Where the rows it opened stand now.' })
  counts!: RunCountsView;

  @ApiProperty({ minimum: 0, maximum: 1 })
  progress!: number;

  @ApiProperty({ type: Date, nullable: true, description: 'When the last row of those so far becomes due.' })
  lastDueAt!: Date | null;

  @ApiProperty({
    type: Date,
    nullable: true,
    description: 'When the last one is put on its way, at this pace.',
  })
  estimatedEndAt!: Date | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why it paused by itself; resume it when that is mended.',
  })
  error!: string | null;

  @ApiProperty()
  actor!: string;

  @ApiProperty()
  createdAt!: Date;

  @ApiProperty({ type: Date, nullable: true })
  endedAt!: Date | null;
}
