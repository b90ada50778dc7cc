import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { PageQuery } from '@percorso/access';
import { IsIn, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';

const DEAD_STATES = ['rejected', 'dropped', 'unknown'] as const;

export class DeadLetterFilter {
  @ApiPropertyOptional({ description: 'Of this step.' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  step?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  connectorId?: string;

  @ApiPropertyOptional({ enum: DEAD_STATES })
  @IsOptional()
  @IsIn(DEAD_STATES)
  state?: string;

  @ApiPropertyOptional({ example: 'missing-required' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  reasonCode?: string;
}

export class JourneyDeadLetterQuery extends IntersectionType(PageQuery, DeadLetterFilter) {}

/** A message or a call of a journey that ended badly. */
export class JourneyDeadLetterView {
  @ApiProperty({ description: 'Of the effect: `GET /v1/effects/{id}` tells each try.' }) id!: string;
  @ApiProperty({ description: 'Whose it was; its trace tells where it went on.' }) instanceId!: string;
  @ApiProperty({ type: String, nullable: true }) step!: string | null;
  @ApiProperty({ type: 'integer' }) visit!: number;
  @ApiProperty() profileId!: string;
  @ApiProperty() connectorId!: string;
  @ApiProperty({ enum: ['send', 'call'] }) operation!: string;
  @ApiProperty({ enum: DEAD_STATES }) state!: string;
  @ApiProperty({ type: String, nullable: true }) reasonCode!: string | null;
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'In words, which may quote the profile: null without the scope profiles:read.',
  })
  reason!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'RFC 6901 pointer into what the content gave.' })
  pointer!: string | null;
  @ApiProperty({ type: 'integer', description: 'Tries made.' }) attempt!: number;
  @ApiProperty() createdAt!: Date;
  @ApiProperty() updatedAt!: Date;
}

export class DeadLettersOfStep {
  @ApiProperty({ type: String, nullable: true }) step!: string | null;
  @ApiProperty() connectorId!: string;
  @ApiProperty({ enum: DEAD_STATES }) state!: string;
  @ApiProperty({ type: String, nullable: true }) reasonCode!: string | null;
  @ApiProperty({ type: String, nullable: true }) pointer!: string | null;
  @ApiProperty({ type: 'integer' }) count!: number;
  @ApiProperty() firstAt!: Date;
  @ApiProperty() lastAt!: Date;
  @ApiProperty({ format: 'uuid', description: 'One of them.' }) sampleId!: string;
}

export class JourneyDeadLetterGroups {
  @ApiProperty({ type: [DeadLettersOfStep], description: 'The most of a kind first; a thousand at most.' })
  data!: DeadLettersOfStep[];
}
