import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  IsArray,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  MaxLength,
} from 'class-validator';
import { MAX_EXPRESSION } from '@percorso/mapping';

export class MappingExpression {
  @ApiProperty({
    description: 'JSONata over {profile, audience, membership, now}.',
    example: '{"email": profile.traits.email}',
  })
  @IsString()
  @IsNotEmpty()
  @MaxLength(MAX_EXPRESSION)
  expression!: string;
}

export class ReplaceMapping extends MappingExpression {
  @ApiPropertyOptional({ type: [String], description: 'Output fields without which a row is dropped.' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(128, { each: true })
  required: string[] = [];
}

export class CreateMapping extends ReplaceMapping {
  @ApiProperty()
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  name!: string;
}

export class TryMapping {
  @ApiPropertyOptional({ description: 'Either an expression or a mappingId.' })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_EXPRESSION)
  expression?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  mappingId?: string;

  @ApiPropertyOptional({ type: [String], description: 'Real profiles to try it on.' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsUUID(undefined, { each: true })
  profileIds: string[] = [];

  @ApiPropertyOptional({ type: 'array', items: { type: 'object' }, description: 'Made-up input documents.' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsObject({ each: true })
  documents: Record<string, unknown>[] = [];
}

export class MappingView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty()
  expression!: string;

  @ApiProperty({ type: [String] })
  required!: string[];

  @ApiProperty({ description: 'The version of the expression that syncs use.' })
  current!: number;

  @ApiProperty()
  version!: number;
}

export class ExpressionError {
  @ApiProperty({ example: '/expression' })
  pointer!: string;

  @ApiProperty({ example: 'S0203' })
  code!: string;

  @ApiProperty()
  message!: string;

  @ApiPropertyOptional({ description: 'Offset into the expression.' })
  position?: number;
}

export class ValidationView {
  @ApiProperty()
  valid!: boolean;

  @ApiProperty({ type: [ExpressionError] })
  errors!: ExpressionError[];
}

export class TryView {
  @ApiProperty({
    type: 'array',
    items: { type: 'object', properties: { output: {}, error: { type: 'object' } } },
    description: 'One per profile, then one per document: {output} or {error: {code, message, position}}.',
  })
  results!: object[];
}
