import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsISO8601, IsOptional, IsUUID } from 'class-validator';

export class ExplainQuery {
  @ApiProperty({ format: 'uuid', description: 'The profile.' })
  @IsUUID()
  profile!: string;

  @ApiPropertyOptional({
    type: 'string',
    format: 'date-time',
    description: 'A past moment: what had been received by then, at its time. Now when left out.',
  })
  @IsOptional()
  @IsISO8601({ strict: true })
  at?: string;
}

class EventEvidenceView {
  @ApiProperty()
  messageId!: string;

  @ApiProperty({ type: 'string', format: 'date-time' })
  at!: Date;
}

class WindowEvidenceView {
  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  from!: Date | null;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, description: 'Not included.' })
  to!: Date | null;
}

class PeriodEvidenceView {
  @ApiProperty({ type: WindowEvidenceView })
  window!: WindowEvidenceView;

  @ApiProperty()
  value!: string;
}

class EvidenceView {
  @ApiPropertyOptional({
    oneOf: [{ type: 'string' }, { type: 'boolean' }],
    nullable: true,
    description:
      "What was compared: a trait's value, a measure, a state. Numbers are exact text; null is missing.",
  })
  value?: string | boolean | null;

  @ApiPropertyOptional({
    oneOf: [{ type: 'string' }, { type: 'boolean' }],
    nullable: true,
    description: 'Of a looked-up item: the key the trait names.',
  })
  key?: string | boolean | null;

  @ApiPropertyOptional({ type: WindowEvidenceView })
  window?: WindowEvidenceView;

  @ApiPropertyOptional({ type: [EventEvidenceView], description: 'Events that counted, the newest ten.' })
  events?: EventEvidenceView[];

  @ApiPropertyOptional({ type: 'integer', description: 'How many there are.' })
  total?: number;

  @ApiPropertyOptional({ type: [PeriodEvidenceView], description: 'Of `every`: the latest period first.' })
  periods?: PeriodEvidenceView[];

  @ApiPropertyOptional({ description: 'Of a calendar condition: whose day it is.' })
  zone?: string;

  @ApiPropertyOptional({ format: 'date' })
  today?: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'The audience used.' })
  audienceId?: string;

  @ApiPropertyOptional({
    format: 'uuid',
    description: 'A member of an account that satisfies the condition.',
  })
  profileId?: string;

  @ApiPropertyOptional({ description: 'The account it is a member of.' })
  accountId?: string;

  @ApiPropertyOptional({
    description:
      'Of members of an account: not all were looked at, for there are more than 200 and the moment is a past one or many satisfy something. There may be more who satisfy it.',
  })
  incomplete?: boolean;
}

export class ExplanationView {
  @ApiProperty({ description: 'JSON pointer of the condition in the definition.' })
  pointer!: string;

  @ApiProperty()
  kind!: string;

  @ApiProperty()
  holds!: boolean;

  @ApiProperty({
    type: 'string',
    format: 'date-time',
    nullable: true,
    description: 'The earliest moment at which time alone may change the answer.',
  })
  nextChangeAt!: Date | null;

  @ApiPropertyOptional({ type: EvidenceView })
  evidence?: EvidenceView;

  @ApiPropertyOptional({ type: () => [ExplanationView] })
  conditions?: ExplanationView[];
}

export class ExplainView {
  @ApiProperty({ format: 'uuid' })
  audienceId!: string;

  @ApiProperty({ format: 'uuid' })
  profileId!: string;

  @ApiProperty({ type: 'integer' })
  definitionVersion!: number;

  @ApiProperty({ type: 'string', format: 'date-time', description: 'The moment that is explained.' })
  at!: Date;

  @ApiProperty({ description: 'Whether the definition holds for the profile at that moment.' })
  holds!: boolean;

  @ApiProperty({
    description:
      'Whether `holds` may be wrong: a condition on members of an account found nobody, and not all of them were looked at.',
  })
  incomplete!: boolean;

  @ApiProperty({ description: 'Whether the profile is a member now.' })
  member!: boolean;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  nextChangeAt!: Date | null;

  @ApiProperty({ type: ExplanationView })
  where!: ExplanationView;
}
