import { ApiProperty } from '@nestjs/swagger';
import { UsageViolationView } from '@percorso/profile';

export const DRY_ACTIONS = ['add', 'update', 'remove', 'drop'] as const;

export class DryRunRow {
  @ApiProperty({
    enum: DRY_ACTIONS,
    description:
      'add: told for the first time, or back after it was removed; drop: nothing is sent, with the reason.',
  })
  action!: (typeof DRY_ACTIONS)[number];

  @ApiProperty({ format: 'uuid' })
  profileId!: string;

  @ApiProperty({ enum: ['enter', 'exit'], description: 'As a member, or as one who left.' })
  op!: string;

  @ApiProperty()
  membershipVersion!: number;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'What would be sent.',
  })
  payload!: unknown;

  @ApiProperty({
    type: [String],
    description:
      'Pointers of what is hidden in it: all values from a key without profiles:read, and from everybody those that come ' +
      'from fields a usage policy bars.',
  })
  hidden!: string[];

  @ApiProperty({ nullable: true, type: String })
  reasonCode!: string | null;

  @ApiProperty({ nullable: true, type: String })
  reason!: string | null;

  @ApiProperty({ nullable: true, type: String, description: 'RFC 6901 pointer into what the mapping gave.' })
  pointer!: string | null;
}

export class DryRunCounts {
  @ApiProperty()
  add!: number;

  @ApiProperty()
  update!: number;

  @ApiProperty()
  remove!: number;

  @ApiProperty()
  drop!: number;

  @ApiProperty({ description: 'Looked at and not told: they are as they were told last.' })
  unchanged!: number;
}

export class DryRunPage {
  @ApiProperty({ type: [DryRunRow] })
  data!: DryRunRow[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Cursor of the next page. A page may be short, or empty, while there are more.',
  })
  next!: string | null;

  @ApiProperty({ type: DryRunCounts, description: 'Of what this page looked at.' })
  counts!: DryRunCounts;

  @ApiProperty({
    type: [UsageViolationView],
    description: 'Usage policies for which a real run would be refused.',
  })
  usageViolations!: UsageViolationView[];
}
