import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  IsTimeZone,
  MaxLength,
  ValidateNested,
} from 'class-validator';

export class WorkspaceSettings {
  @ApiPropertyOptional({ description: 'Whether connectors may call private addresses.', default: false })
  @IsOptional()
  @IsBoolean()
  allowPrivateNetwork?: boolean;

  @ApiPropertyOptional({
    enum: ['allow', 'deny'],
    description: 'Whether a person who never stated consent may be sent to.',
    default: 'allow',
  })
  @IsOptional()
  @IsIn(['allow', 'deny'])
  unknownConsent?: 'allow' | 'deny';

  @ApiPropertyOptional({
    description: 'IANA zone of days and quiet hours.',
    default: 'UTC',
    example: 'Europe/Rome',
  })
  @IsOptional()
  @IsTimeZone()
  timezone?: string;
}

export class CreateWorkspace {
  @ApiProperty({ maxLength: 200 })
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  name!: string;

  @ApiPropertyOptional({ type: WorkspaceSettings })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => WorkspaceSettings)
  settings?: WorkspaceSettings;
}

export class ChangeWorkspace {
  @ApiPropertyOptional({ maxLength: 200 })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  name?: string;

  @ApiPropertyOptional({ type: WorkspaceSettings, description: 'Settings left out stay as they are.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => WorkspaceSettings)
  settings?: WorkspaceSettings;
}

export class WorkspaceView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ type: WorkspaceSettings })
  settings!: WorkspaceSettings;

  @ApiProperty({ type: 'integer' })
  version!: number;

  @ApiProperty({ type: 'string', format: 'date-time' })
  createdAt!: Date;
}

export class CreatedWorkspace extends WorkspaceView {
  @ApiProperty({ description: 'An API key with all scopes of the workspace. Shown this once.' })
  adminKey!: string;
}
