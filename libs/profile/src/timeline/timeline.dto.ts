import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, IsIn, IsISO8601, IsOptional, IsString, MaxLength } from 'class-validator';
import { PageQuery } from '@percorso/access';
import { EventView } from '../profile-parts.view';

const TYPES = ['identify', 'track', 'page', 'screen', 'group', 'alias'] as const;

const list = ({ value }: { value: unknown }): unknown => (value === undefined ? value : [value].flat());

/** Which part of a profile's timeline is wanted. */
export class TimelineQuery extends PageQuery {
  @ApiPropertyOptional({
    type: [String],
    description: 'Only events called so; repeat it for several. What is not tracked is called by its type.',
  })
  @IsOptional()
  @Transform(list)
  @ArrayMaxSize(50)
  @IsString({ each: true })
  @MaxLength(512, { each: true })
  name?: string[];

  @ApiPropertyOptional({ enum: TYPES })
  @IsOptional()
  @IsIn(TYPES)
  type?: (typeof TYPES)[number];

  @ApiPropertyOptional({ format: 'date-time', description: 'Occurred at or after.' })
  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  from?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Occurred before.' })
  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  to?: string;
}

export class NamedIdentity {
  @ApiProperty()
  namespace!: string;

  @ApiProperty()
  value!: string;
}

export class TimelineEntry extends EventView {
  @ApiProperty({ description: 'Under which of the identities it came; tells apart what was merged.' })
  identity!: NamedIdentity;
}
