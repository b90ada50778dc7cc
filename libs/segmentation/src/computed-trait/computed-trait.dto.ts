import { ApiProperty } from '@nestjs/swagger';
import { IsString, Matches } from 'class-validator';
import { AsOfView } from '../audience/audience.dto';
import { describedBy, shownBy } from '../definition/defined-by';
import { traitSchema } from './trait.schema';

const WORDS = {
  description:
    'How the value comes about: a measure over events, or a condition that is saved as true or false, in the words of ' +
    'the segment language, version 1.',
  example: traitSchema.examples[0]!,
  text: 'event("Order Completed").sum(revenue)',
};

/** Names that paths of conditions write without quotes. */
export const KEY_PATTERN = '^[A-Za-z][A-Za-z0-9_]{0,62}$';

export class CreateComputedTrait extends describedBy(WORDS) {
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

export class PutComputedTrait extends describedBy(WORDS) {}

export class ComputedTraitView extends shownBy(WORDS) {
  @ApiProperty()
  key!: string;

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
}
