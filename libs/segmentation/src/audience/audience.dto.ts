import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { IsInt, IsNotEmpty, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { definedBy, describedBy, shownBy } from '../definition/defined-by';
import { definitionSchema } from '../definition/definition.schema';

const WORDS = {
  description: 'Who belongs to the audience: a definition of language version 1.',
  example: definitionSchema.examples[0]!,
  text: 'event("Order Completed", last 90 days).sum(revenue) > 150 and consent("email") is granted',
};

export class CreateAudience extends describedBy(WORDS) {
  @ApiProperty({ maxLength: 200 })
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  name!: string;
}

export class ChangeAudience extends PartialType(CreateAudience) {}

export class PreviewAudience extends definedBy(WORDS) {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: 100,
    default: 10,
    description: 'Profile ids to show.',
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(100)
  sample: number = 10;
}

/** The state of the data an answer was computed from. */
export class AsOfView {
  @ApiProperty({ type: 'integer', description: 'The last position of the ingest log that was seen.' })
  pos!: number;

  @ApiProperty({ type: 'string', format: 'date-time', description: 'The instant taken for now.' })
  at!: Date;
}

const AS_OF = { type: AsOfView, nullable: true };

export class AudienceView extends shownBy(WORDS) {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: ['active', 'archived'] })
  state!: 'active' | 'archived';

  @ApiProperty({ type: 'integer' })
  members!: number;

  @ApiProperty(AS_OF)
  asOf!: AsOfView | null;
}

export class PreviewView {
  @ApiProperty({ type: 'integer' })
  count!: number;

  @ApiProperty({ type: AsOfView })
  asOf!: AsOfView;

  @ApiProperty({ type: [String], format: 'uuid' })
  sample!: string[];
}

export class EvaluationView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  audienceId!: string;

  @ApiProperty({ type: 'integer' })
  definitionVersion!: number;

  @ApiProperty({ enum: ['pending', 'running', 'done', 'failed'] })
  state!: 'pending' | 'running' | 'done' | 'failed';

  @ApiProperty(AS_OF)
  asOf!: AsOfView | null;

  @ApiProperty({ type: 'integer', nullable: true })
  members!: number | null;

  @ApiProperty({ type: 'integer' })
  entered!: number;

  @ApiProperty({ type: 'integer' })
  exited!: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      'Memberships found wrong and healed: 0 in a healthy hub. Null where the definition was evaluated for the first ' +
      'time, or incremental evaluation had not come as far.',
  })
  drift!: number | null;

  @ApiProperty({ type: String, nullable: true })
  error!: string | null;

  @ApiProperty({ type: 'string', format: 'date-time' })
  createdAt!: Date;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  endedAt!: Date | null;
}
