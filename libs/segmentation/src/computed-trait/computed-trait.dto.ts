import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsObject, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { AsOfView } from '../audience/audience.dto';
import { LONGEST_TEXT } from '../text/parse-text';
import { traitSchema } from './trait.schema';

const DEFINITION = {
  description:
    'How the value comes about: a measure over events, or a condition that is saved as true or false, in the words of ' +
    'the segment language, version 1.',
  type: 'object' as const,
  additionalProperties: true,
  example: traitSchema.examples[0],
};

const TEXT = {
  description: 'The definition in its text form, in the place of `definition`.',
  maxLength: LONGEST_TEXT,
  example: 'event("Order Completed").sum(revenue)',
};

/** Names that paths of conditions write without quotes. */
export const KEY_PATTERN = '^[A-Za-z][A-Za-z0-9_]{0,62}$';

class DefinedTrait {
  @ApiPropertyOptional({ maxLength: 2000 })
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  description?: string;

  @ApiPropertyOptional(DEFINITION)
  @IsOptional()
  @IsObject()
  definition?: object;

  @ApiPropertyOptional(TEXT)
  @IsOptional()
  @IsString()
  @MaxLength(LONGEST_TEXT)
  text?: string;
}

export class CreateComputedTrait extends DefinedTrait {
  @ApiProperty({
    pattern: KEY_PATTERN,
    description: 'The key of the trait. What sources say of it is kept, and not shown while this stands.',
  })
  @IsString()
  @Matches(new RegExp(KEY_PATTERN), {
    message: 'key must begin with a letter and have letters, digits and _ only, 63 at most',
  })
  key!: string;
}

export class PutComputedTrait extends DefinedTrait {}

export class ComputedTraitView {
  @ApiProperty()
  key!: string;

  @ApiProperty()
  description!: string;

  @ApiProperty(DEFINITION)
  definition!: object;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The definition in its text form; null when unreadable.',
  })
  text!: string | null;

  @ApiProperty({ type: 'integer', description: 'Counts the definitions this trait has had.' })
  definitionVersion!: number;

  @ApiProperty({
    enum: ['computing', 'ready', 'failed'],
    description: 'Whether everybody’s value is what this definition says.',
  })
  state!: 'computing' | 'ready' | 'failed';

  @ApiProperty({ type: AsOfView, nullable: true, description: 'When it was last computed for everybody.' })
  asOf!: AsOfView | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      'Values found wrong and healed then: 0 in a healthy hub. Null where others were to be expected.',
  })
  drift!: number | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why it could not be computed.' })
  error!: string | null;

  @ApiProperty({ type: 'integer' })
  version!: number;

  @ApiProperty({ type: 'string', format: 'date-time' })
  createdAt!: Date;

  @ApiProperty({ type: 'string', format: 'date-time' })
  updatedAt!: Date;
}
