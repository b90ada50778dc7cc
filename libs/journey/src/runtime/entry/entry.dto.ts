import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { LONGEST_KEY } from '../../engine/watching';

export const MOST_ENTRIES = 1000;

export class EntryIdentity {
  @ApiProperty({ example: 'user_id' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(64)
  namespace!: string;

  @ApiProperty({ example: 'u-1001' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(512)
  value!: string;
}

export class EntryItem {
  @ApiPropertyOptional({ format: 'uuid', description: 'Of the profile; or else `identity`.' })
  @IsOptional()
  @IsUUID()
  profileId?: string;

  @ApiPropertyOptional({ type: EntryIdentity, description: 'One of its identities.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => EntryIdentity)
  identity?: EntryIdentity;

  @ApiPropertyOptional({
    description: 'Of a keyed journey, where the context does not have it at the path that the journey names.',
    example: 'o-77',
    maxLength: LONGEST_KEY,
  })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(LONGEST_KEY)
  key?: string;

  @ApiPropertyOptional({
    type: Object,
    description: 'What the journey starts with as its context.',
    example: { order_id: 'o-77' },
  })
  @IsOptional()
  @IsObject()
  context?: Record<string, unknown>;
}

export class CreateEntries {
  @ApiProperty({ type: [EntryItem], minItems: 1, maxItems: MOST_ENTRIES })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_ENTRIES)
  @ValidateNested({ each: true })
  @Type(() => EntryItem)
  entries!: EntryItem[];
}

export class EntryAnswer {
  @ApiProperty({
    enum: ['entered', 'refused', 'pending'],
    description: '`pending`: it is kept and will be decided, but no worker has got to it yet.',
  })
  status!: 'entered' | 'refused' | 'pending';

  @ApiPropertyOptional({
    description:
      'Why it was refused: `profile-unknown`, `profile-gone`, `not-live`, `draining`, `paused`, `no-entry`, `not-marked`, ' +
      '`no-key`, `inside`, `reentry`, `outranked`, `where`, `cap-total`, `cap-day` or `failed`.',
  })
  code?: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'Of who entered: on the way under this id.' })
  instanceId?: string;
}

export class EntriesView {
  @ApiProperty({ type: [EntryAnswer], description: 'One for each item, in their order.' })
  entries!: EntryAnswer[];
}
