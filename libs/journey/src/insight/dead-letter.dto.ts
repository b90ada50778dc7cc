import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { PageQuery } from '@percorso/access';
import { DeadEffectFilter, DeadEffectGroup, DeadEffectView } from '@percorso/delivery';
import { IsOptional, IsString, MaxLength } from 'class-validator';

export class DeadLetterFilter extends DeadEffectFilter {
  @ApiPropertyOptional({ description: 'Of this step.' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  step?: string;
}

export class JourneyDeadLetterQuery extends IntersectionType(PageQuery, DeadLetterFilter) {}

/** A message or a call of a journey that ended badly. */
export class JourneyDeadLetterView extends DeadEffectView {
  @ApiProperty({ format: 'uuid', description: 'Of the effect: `GET /v1/effects/{id}` tells each try.' })
  declare id: string;

  @ApiProperty({ format: 'uuid', description: 'Whose it was; its trace tells where it went on.' })
  instanceId!: string;

  @ApiProperty({ type: String, nullable: true }) step!: string | null;
  @ApiProperty({ type: 'integer' }) visit!: number;
  @ApiProperty({ enum: ['send', 'call'] }) operation!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'In words, which may quote the profile: null without the scope profiles:read.',
  })
  declare reason: string | null;
}

export class DeadLettersOfStep extends DeadEffectGroup {
  @ApiProperty({ type: String, nullable: true }) step!: string | null;
  @ApiProperty({ format: 'uuid' }) connectorId!: string;
}

export class JourneyDeadLetterGroups {
  @ApiProperty({ type: [DeadLettersOfStep], description: 'The most of a kind first; a thousand at most.' })
  data!: DeadLettersOfStep[];
}
