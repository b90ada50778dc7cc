import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
} from 'class-validator';
import { SchemaView } from './schema.dto';

const POLICIES = ['warn', 'quarantine', 'off'] as const;
const KINDS = ['events', 'traits'] as const;

/** XDM documents, and what is to become of them. */
export class ImportSchema {
  @ApiProperty({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    description:
      'The schema with the classes, field groups, data types and descriptors it needs, as Adobe’s Schema Registry gives them.',
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1000)
  @IsObject({ each: true })
  documents!: Record<string, unknown>[];

  @ApiPropertyOptional({ description: 'The $id or title of the schema, where the documents are several.' })
  @IsOptional()
  @IsString()
  @MaxLength(512)
  schema?: string;

  @ApiPropertyOptional({
    enum: KINDS,
    description:
      'What the schema is of. Left out, its class says so: XDM Individual Profile, or one of events.',
  })
  @IsOptional()
  @IsIn(KINDS)
  kind?: (typeof KINDS)[number];

  @ApiPropertyOptional({ description: 'Of an event. Left out, the title of the schema.' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(512)
  name?: string;

  @ApiPropertyOptional({ description: 'Your tenant id, where an export has left its place open.' })
  @IsOptional()
  @Matches(/^\w{1,64}$/)
  tenant?: string;

  @ApiPropertyOptional({
    enum: POLICIES,
    default: 'warn',
    description: 'What becomes of an item that breaks it.',
  })
  @IsOptional()
  @IsIn(POLICIES)
  policy?: (typeof POLICIES)[number];

  @ApiPropertyOptional({
    enum: ['refuse', 'ignore'],
    default: 'refuse',
    description:
      'Of references to documents that are not there: ignored, they allow anything, and are reported.',
  })
  @IsOptional()
  @IsIn(['refuse', 'ignore'])
  unresolved?: 'refuse' | 'ignore';

  @ApiPropertyOptional({ default: false, description: 'Only report what would become of them.' })
  @IsOptional()
  @IsBoolean()
  dryRun?: boolean;
}

export class IgnoredView {
  @ApiProperty({ description: 'JSON pointer into the request.' })
  pointer!: string;

  @ApiProperty()
  keyword!: string;

  @ApiProperty()
  reason!: string;
}

export class SuggestedNamespaceView {
  @ApiProperty({ description: 'JSON pointer into the request: where the field is marked as an identity.' })
  pointer!: string;

  @ApiProperty({ description: 'Path of the field in records.' })
  property!: string;

  @ApiProperty({ description: 'As XDM calls the namespace.' })
  xdmNamespace!: string;

  @ApiProperty({ description: 'The code it would have here.' })
  namespace!: string;

  @ApiProperty({ description: 'Whether the workspace has such a namespace.' })
  exists!: boolean;

  @ApiProperty()
  primary!: boolean;
}

export class SchemaImportView {
  @ApiProperty()
  dryRun!: boolean;

  @ApiProperty({
    type: SchemaView,
    nullable: true,
    description: 'The version in force now; null after a dry run.',
  })
  imported!: SchemaView | null;

  @ApiProperty({ enum: KINDS })
  kind!: (typeof KINDS)[number];

  @ApiProperty()
  name!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'JSON Schema that the documents became.',
  })
  schema!: object;

  @ApiProperty({ type: [IgnoredView], description: 'What the schema allows that the documents do not.' })
  ignored!: IgnoredView[];

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    description: 'Keywords that only describe, with how often they stand in what was used.',
  })
  annotations!: Record<string, number>;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'Names of fields as items have them, by their names in the documents.',
  })
  renamed!: Record<string, string>;

  @ApiProperty({ type: [String], description: 'Ids of documents that nothing of was used.' })
  unused!: string[];

  @ApiProperty({ type: [SuggestedNamespaceView], description: 'Fields that are marked as identities.' })
  identities!: SuggestedNamespaceView[];
}
