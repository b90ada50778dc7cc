import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsObject } from 'class-validator';

const POLICIES = ['warn', 'quarantine', 'off'] as const;

export class PutSchema {
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'JSON Schema (2020-12) of the properties, or of the traits.',
  })
  @IsObject()
  schema!: Record<string, unknown>;

  @ApiProperty({ enum: POLICIES, description: 'What becomes of an item that breaks it.' })
  @IsIn(POLICIES)
  policy!: (typeof POLICIES)[number];
}

export class SchemaView {
  @ApiProperty({ enum: ['events', 'traits'] })
  kind!: 'events' | 'traits';

  @ApiProperty()
  name!: string;

  @ApiProperty({ type: 'integer' })
  version!: number;

  @ApiProperty({ enum: POLICIES })
  policy!: (typeof POLICIES)[number];

  @ApiProperty({ type: 'object', additionalProperties: true })
  schema!: object;

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt!: Date;

  @ApiProperty({ type: 'integer', description: 'Items that broke this version.' })
  violations!: number;
}

export class ViolationView {
  @ApiProperty({ type: 'integer' })
  version!: number;

  @ApiProperty({ description: 'JSON pointer into the schema.' })
  rule!: string;

  @ApiProperty({ type: 'integer' })
  count!: number;

  @ApiProperty({ type: 'integer', description: 'Position of the last item that broke it.' })
  lastPos!: number;

  @ApiProperty({ type: String, format: 'date-time' })
  lastAt!: Date;
}
