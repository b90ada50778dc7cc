import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';

export class ImportQuery {
  @ApiPropertyOptional({
    enum: ['add', 'replace'],
    default: 'add',
    description: '`replace` takes whom the upload does not name off the list, at its end.',
  })
  @IsOptional()
  @IsIn(['add', 'replace'])
  mode: 'add' | 'replace' = 'add';
}

export class UnmatchedRow {
  @ApiProperty({ type: 'integer', description: 'The line of the body, from 1.' })
  line!: number;

  @ApiProperty({ enum: ['malformed', 'unknown-namespace', 'not-an-identity', 'unknown-identity'] })
  code!: 'malformed' | 'unknown-namespace' | 'not-an-identity' | 'unknown-identity';

  @ApiProperty()
  message!: string;
}

export class ImportView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ enum: ['add', 'replace'] })
  mode!: 'add' | 'replace';

  @ApiProperty({ type: 'integer', description: 'Rows that were read.' })
  rows!: number;

  @ApiProperty({ type: 'integer', description: 'Rows that name a known identity.' })
  matched!: number;

  @ApiProperty({ type: 'integer', description: 'Rows that name nobody.' })
  unmatched!: number;

  @ApiProperty({ type: 'integer', description: 'Identities that were not on the list before.' })
  added!: number;

  @ApiProperty({ type: 'integer', description: 'Identities that are on the list no more.' })
  removed!: number;

  @ApiProperty({ type: [UnmatchedRow], description: 'The first 100 of the rows that name nobody.' })
  problems!: UnmatchedRow[];
}
