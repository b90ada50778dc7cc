import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { OPERATIONS } from '@percorso/plugin-kit';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';

export const SETTLEMENTS = ['accepted', 'not-delivered'] as const;

export class SettleEffect {
  @ApiProperty({
    enum: SETTLEMENTS,
    description:
      'What you found out at the provider: it has it, or it never got it, so that it is sent again.',
  })
  @IsIn(SETTLEMENTS)
  outcome!: (typeof SETTLEMENTS)[number];

  @ApiPropertyOptional({
    description: 'How you know; kept in the audit log.',
    example: 'Asked their support.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(500)
  note?: string;
}

export class AttemptView {
  @ApiProperty({ description: 'Counts from 1.' })
  attempt!: number;

  @ApiProperty({ type: String, format: 'date-time' })
  startedAt!: Date;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  endedAt!: Date | null;

  @ApiProperty({ type: String, nullable: true, description: 'accepted, rejected, retry or unknown.' })
  outcome!: string | null;

  @ApiProperty({ type: String, nullable: true })
  code!: string | null;
}

export class EffectView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  connectorId!: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  runId!: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  syncId!: string | null;

  @ApiProperty({ format: 'uuid' })
  profileId!: string;

  @ApiProperty({ enum: OPERATIONS })
  operation!: string;

  @ApiProperty()
  membershipVersion!: number;

  @ApiProperty({
    enum: ['pending', 'sending', 'accepted', 'rejected', 'suppressed', 'dropped', 'unknown', 'superseded'],
  })
  state!: string;

  @ApiProperty({ type: String, nullable: true })
  reasonCode!: string | null;

  @ApiProperty({ type: String, nullable: true })
  reason!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'How the provider names it.' })
  providerId!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Since when it may have arrived without anybody knowing.',
  })
  doubtfulSince!: Date | null;

  @ApiProperty({ type: [AttemptView] })
  attempts!: AttemptView[];
}
