import { ApiProperty, ApiPropertyOptional, PickType } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { EffectView } from './effect.dto';

/** How an effect ends badly: `unknown` for good, so that nothing more is tried. */
export const DEAD_STATES = ['rejected', 'dropped', 'unknown'] as const;

/** Which effects that ended badly are meant, whoever wanted them. */
export class DeadEffectFilter {
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

/** An effect that ended badly. */
export class DeadEffectView extends PickType(EffectView, [
  'id',
  'connectorId',
  'profileId',
  'reasonCode',
  'reason',
]) {
  @ApiProperty({ enum: DEAD_STATES })
  state!: string;

  @ApiProperty({ nullable: true, type: String, description: 'RFC 6901 pointer into what was to be sent.' })
  pointer!: string | null;

  @ApiProperty({ type: 'integer', description: 'Tries made.' })
  attempt!: number;

  @ApiProperty()
  createdAt!: Date;

  @ApiProperty()
  updatedAt!: Date;
}

/** Effects that ended badly for the same reason. */
export class DeadEffectGroup extends PickType(DeadEffectView, ['state', 'reasonCode', 'pointer']) {
  @ApiProperty({ type: 'integer' })
  count!: number;

  @ApiProperty()
  firstAt!: Date;

  @ApiProperty()
  lastAt!: Date;

  @ApiProperty({ format: 'uuid', description: 'One of them.' })
  sampleId!: string;
}
