import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsObject, IsOptional, IsString, MaxLength } from 'class-validator';
import { LONGEST_TEXT } from '../text/parse-text';

/** What a definition is in the API's documentation. */
export interface DefinitionWords {
  description: string;
  /** The same kind of definition as JSON and as text. */
  example: object;
  text: string;
}

/** A definition's JSON in requests and answers. */
const definitionField = ({ description, example }: DefinitionWords) => ({
  description,
  type: 'object' as const,
  additionalProperties: true,
  example,
});

/** The base of requests that define something: by JSON, or by text in its place. */
export function definedBy(words: DefinitionWords) {
  abstract class Defined {
    @ApiPropertyOptional(definitionField(words))
    @IsOptional()
    @IsObject()
    definition?: object;

    @ApiPropertyOptional({
      description: 'The definition in its text form, in the place of `definition`.',
      maxLength: LONGEST_TEXT,
      example: words.text,
    })
    @IsOptional()
    @IsString()
    @MaxLength(LONGEST_TEXT)
    text?: string;
  }
  return Defined;
}

/** The same of what people describe. */
export function describedBy(words: DefinitionWords) {
  abstract class Described extends definedBy(words) {
    @ApiPropertyOptional({ maxLength: 2000 })
    @IsOptional()
    @IsString()
    @MaxLength(2000)
    description?: string;
  }
  return Described;
}

/** The base of answers that show what people defined and described, as it is now. */
export function shownBy(words: DefinitionWords) {
  abstract class Shown {
    @ApiProperty()
    description!: string;

    @ApiProperty(definitionField(words))
    definition!: object;

    @ApiProperty({
      type: String,
      nullable: true,
      description: 'The definition in its text form; null when unreadable.',
    })
    text!: string | null;

    @ApiProperty({ type: 'integer', description: 'Counts the definitions there have been.' })
    definitionVersion!: number;

    @ApiProperty({ type: 'integer' })
    version!: number;

    @ApiProperty({ type: 'string', format: 'date-time' })
    createdAt!: Date;

    @ApiProperty({ type: 'string', format: 'date-time' })
    updatedAt!: Date;
  }
  return Shown;
}
