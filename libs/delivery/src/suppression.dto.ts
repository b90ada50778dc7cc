import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsNotEmpty, IsString, MaxLength } from 'class-validator';

const REASONS = ['hard-bounce', 'complaint', 'unsubscribe', 'manual'] as const;

export class CreateSuppression {
  @ApiProperty({ example: 'email' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(64)
  channel!: string;

  @ApiProperty({ example: 'ada@example.org' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(320)
  address!: string;

  @ApiProperty({ enum: ['manual'] })
  @IsIn(['manual'])
  reason!: 'manual';
}

export class SuppressionView {
  @ApiProperty()
  channel!: string;

  @ApiProperty({ description: 'In the form addresses are compared in; erased:… when its owner was erased.' })
  address!: string;

  @ApiProperty({ enum: REASONS })
  reason!: (typeof REASONS)[number];

  @ApiProperty({ description: 'Who said so: a connector’s id, or a key.' })
  source!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  at!: Date;
}
