import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayUnique,
  IsArray,
  IsIn,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  MaxLength,
} from 'class-validator';
import { USAGE_ACTIONS, type UsageAction } from '@percorso/profile';
import type { CheckResult } from './connector.store';
import type { ConnectorParking } from './settings/settings-versions';

class UsedFor {
  @ApiPropertyOptional({
    enum: USAGE_ACTIONS,
    isArray: true,
    description:
      'What is done with the data there, for usage policies. null: what the kind of plugin is for.',
    example: ['email-targeting'],
  })
  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @IsIn(USAGE_ACTIONS, { each: true })
  usage?: UsageAction[] | null;
}

export class CreateConnectorDto extends UsedFor {
  @ApiProperty({ description: 'Id of an installed plugin.', example: 'smtp' })
  @IsString()
  @MaxLength(64)
  plugin!: string;

  @ApiProperty({ example: 'Newsletter relay' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  name!: string;

  @ApiProperty({
    description: 'By the settingsSchema of the plugin, secrets included.',
    type: 'object',
    additionalProperties: true,
  })
  @IsObject()
  settings!: Record<string, unknown>;
}

export class UpdateConnectorDto extends UsedFor {
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  name?: string;

  @ApiPropertyOptional({
    description:
      'Settings to change. null takes the default back; a secret that is left out, or {"set": true}, stays.',
    type: 'object',
    additionalProperties: true,
  })
  @IsOptional()
  @IsObject()
  settings?: Record<string, unknown>;

  @ApiPropertyOptional({ enum: ['active', 'disabled'] })
  @IsOptional()
  @IsIn(['active', 'disabled'])
  state?: 'active' | 'disabled';
}

/** A connector as the API shows it: of secrets only that they are set. */
export interface ConnectorView {
  id: string;
  plugin: string;
  name: string;
  settings: Record<string, unknown>;
  state: 'active' | 'disabled';
  /** Null unless its settings do not fit this release. */
  parked: ConnectorParking | null;
  usage: readonly string[];
  version: number;
  lastCheck: CheckResult | null;
  createdAt: string;
  updatedAt: string;
}
