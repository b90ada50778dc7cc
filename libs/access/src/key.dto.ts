import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsISO8601,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
} from 'class-validator';

const SCOPE = /^(\*|[a-z][a-z-]*:(read|write))$/;

export class CreateWriteKey {
  @ApiProperty({ maxLength: 200, description: 'The source that will send with it.' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  name!: string;
}

export class CreateApiKey {
  @ApiProperty({ maxLength: 200 })
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  name!: string;

  @ApiProperty({
    type: [String],
    example: ['audiences:read', 'syncs:write'],
    description: '`<resource>:read`, `<resource>:write`, or `*` for all of the workspace.',
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @ArrayUnique()
  @Matches(SCOPE, { each: true, message: 'each scope must be <resource>:read, <resource>:write or *' })
  scopes!: string[];

  @ApiPropertyOptional({
    type: 'string',
    format: 'date-time',
    description: 'Without it the key does not expire.',
  })
  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  expiresAt?: string;
}

export class WriteKeyView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ type: 'string', format: 'date-time' })
  createdAt!: Date;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, description: 'To the minute.' })
  lastUsedAt!: Date | null;
}

export class CreatedWriteKey extends WriteKeyView {
  @ApiProperty({ description: 'The key. Shown this once.' })
  key!: string;
}

export class ApiKeyView extends WriteKeyView {
  @ApiProperty({ type: [String] })
  scopes!: string[];

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  expiresAt!: Date | null;
}

export class CreatedApiKey extends ApiKeyView {
  @ApiProperty({ description: 'The key. Shown this once.' })
  key!: string;
}
