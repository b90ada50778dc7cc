import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, IsUUID, MaxLength, MinLength } from 'class-validator';

/** Either a profile, or an identity with or without one. */
export class CreateErasure {
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  profileId?: string;

  @ApiPropertyOptional({ example: 'email' })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(63)
  namespace?: string;

  @ApiPropertyOptional({ example: 'ada@example.com' })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(512)
  value?: string;
}

export class ErasurePlaceView {
  @ApiProperty({ example: 'ingest-log' })
  place!: string;

  @ApiProperty({ enum: ['pending', 'waiting', 'done'] })
  state!: 'pending' | 'waiting' | 'done';

  @ApiProperty({ type: 'integer', description: 'What was found and cleared so far.' })
  count!: number;

  @ApiProperty({ type: String, nullable: true, description: 'What a waiting place waits for.' })
  waitingFor!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  doneAt!: Date | null;
}

export class ErasureView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'Null when no profile was known.',
  })
  profileId!: string | null;

  @ApiProperty({ enum: ['open', 'done'] })
  state!: 'open' | 'done';

  @ApiProperty({ description: 'Whether items that name the person are still kept out.' })
  tombstone!: boolean;

  @ApiProperty({ type: String, format: 'date-time' })
  requestedAt!: Date;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  doneAt!: Date | null;

  @ApiProperty({ type: [ErasurePlaceView] })
  places!: ErasurePlaceView[];
}
