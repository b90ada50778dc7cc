import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { EXPORT_FORMATS, ExportFormat } from './export-format';

/** Query of both routes. */
export class ExportQuery {
  @ApiPropertyOptional({ description: 'Where to go on: part of the links handed out.' })
  @IsOptional()
  @IsString()
  @MaxLength(4096)
  cursor?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 10_000,
    description: 'Rows a page; by default 1,000 in JSON, and everything in one stream otherwise.',
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(10_000)
  pageSize?: number;

  @ApiPropertyOptional({
    description:
      'Comma list of what to tell of each profile: identities.<namespace> (the first seen), traits.<path>, ' +
      'consent.<channel>, groups, firstSeen, lastSeen.',
    example: 'identities.email,traits.firstName',
  })
  @IsOptional()
  @IsString()
  @MaxLength(4000)
  fields?: string;

  @ApiPropertyOptional({ enum: EXPORT_FORMATS, description: 'Instead of the Accept header.' })
  @IsOptional()
  @IsIn(EXPORT_FORMATS)
  format?: ExportFormat;

  @ApiPropertyOptional({
    description:
      'The channel these profiles will be addressed on: who has not consented to it or is suppressed is left out.',
    example: 'email',
  })
  @IsOptional()
  @Matches(/^[A-Za-z0-9_-]{1,64}$/)
  channel?: string;

  @ApiPropertyOptional({
    description: 'What they will be addressed about; only together with channel.',
    example: 'newsletter',
  })
  @IsOptional()
  @IsString()
  @MaxLength(128)
  purpose?: string;

  @ApiPropertyOptional({
    description: 'Disarm CSV cells that a spreadsheet would take for formulas.',
    default: false,
  })
  @IsOptional()
  @Transform(({ value }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  formulaGuard?: boolean;
}
