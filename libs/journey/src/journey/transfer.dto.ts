import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  Equals,
  IsArray,
  IsNotEmpty,
  IsObject,
  IsString,
  IsUUID,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { CreateJourney, JourneyView } from './journey.dto';

/** Of this shape. */
export const FORMAT = 'percorso-journey-1';
const MOST = 1000;

export class NamedReference {
  @ApiProperty({ format: 'uuid' })
  @IsUUID()
  id!: string;

  @ApiProperty({ maxLength: 200 })
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  name!: string;
}

export class AudienceReference extends NamedReference {
  @ApiProperty({ type: 'object', additionalProperties: true, description: 'What it says now.' })
  @IsObject()
  definition!: object;
}

export class ConnectorReference extends NamedReference {
  @ApiProperty({ description: 'The id of its plugin.' })
  @IsString()
  @MaxLength(200)
  plugin!: string;
}

export class JourneyReferences {
  @ApiProperty({ type: [AudienceReference] })
  @IsArray()
  @ArrayMaxSize(MOST)
  @ValidateNested({ each: true })
  @Type(() => AudienceReference)
  audiences!: AudienceReference[];

  @ApiProperty({ type: [ConnectorReference] })
  @IsArray()
  @ArrayMaxSize(MOST)
  @ValidateNested({ each: true })
  @Type(() => ConnectorReference)
  connectors!: ConnectorReference[];

  @ApiProperty({ type: [NamedReference] })
  @IsArray()
  @ArrayMaxSize(MOST)
  @ValidateNested({ each: true })
  @Type(() => NamedReference)
  journeys!: NamedReference[];
}

/** A journey on its own, to be kept in a repository or taken to another workspace. */
export class JourneyExport extends CreateJourney {
  @ApiProperty({ enum: [FORMAT] })
  @Equals(FORMAT)
  format!: string;

  @ApiProperty({ type: JourneyReferences, description: 'What the definition names by id.' })
  @IsObject()
  @ValidateNested()
  @Type(() => JourneyReferences)
  references!: JourneyReferences;
}

export class ReferenceView {
  @ApiProperty({ enum: ['audience', 'connector', 'journey'] })
  kind!: string;

  @ApiProperty({ description: 'RFC 6901 pointer into the request.' })
  pointer!: string;

  @ApiProperty({ format: 'uuid', description: 'As it was exported.' })
  id!: string;

  @ApiProperty({ type: String, nullable: true })
  name!: string | null;

  @ApiProperty({
    format: 'uuid',
    nullable: true,
    type: String,
    description: 'What it is here; null: nothing.',
  })
  resolved!: string | null;

  @ApiProperty({ enum: ['id', 'name'], nullable: true, type: String, description: 'What it was found by.' })
  by!: 'id' | 'name' | null;
}

export class ImportedJourney {
  @ApiProperty({ type: JourneyView, nullable: true, description: 'null: a dry run.' })
  journey!: JourneyView | null;

  @ApiProperty({ type: [ReferenceView] })
  references!: ReferenceView[];
}
