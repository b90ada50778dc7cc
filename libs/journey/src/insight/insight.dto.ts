import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { PageQuery } from '@percorso/access';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, IsUUID, MaxLength, Min } from 'class-validator';

const STATES = ['active', 'ended'] as const;
const BY_REASON = { type: 'object', additionalProperties: { type: 'integer' } } as const;

export class ReportQuery {
  @ApiPropertyOptional({ description: 'Of one version only.', type: 'integer', minimum: 1 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  version?: number;
}

export class InstanceQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Of one profile, by its id.', format: 'uuid' })
  @IsOptional()
  @IsUUID()
  profile?: string;

  @ApiPropertyOptional({ enum: STATES })
  @IsOptional()
  @IsIn(STATES)
  state?: (typeof STATES)[number];

  @ApiPropertyOptional({ description: 'That wait at this step.' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  step?: string;
}

export class WhyQuery {
  @ApiProperty({ description: 'Id of the profile.', format: 'uuid' })
  @IsUUID()
  profile!: string;
}

export class JourneyStepReport {
  @ApiProperty() id!: string;
  @ApiProperty({ description: 'Its kind, as in the definition.' }) kind!: string;
  @ApiProperty({ description: 'Visits begun.', type: 'integer' }) entered!: number;
  @ApiProperty({ description: 'Visits that went on.', type: 'integer' }) left!: number;
  @ApiProperty({ description: 'Visits that wait now.', type: 'integer' }) waiting!: number;
  @ApiProperty({ description: 'Visits in which something could not be computed.', type: 'integer' })
  errors!: number;
}

export class JourneyPending {
  @ApiProperty({ type: 'integer' }) entered!: number;
  @ApiProperty({ description: 'Of those, who reached the goal already.', type: 'integer' }) reached!: number;
}

export class JourneyConversion {
  @ApiProperty({ type: 'integer' }) entered!: number;
  @ApiProperty({ description: 'Of those, who reached the goal within its window.', type: 'integer' })
  reached!: number;
  @ApiProperty({ description: 'Those among them whose window is still running.' }) pending!: JourneyPending;
  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Of those whose window is over, the part that reached the goal, 0 to 1; null of nobody.',
  })
  rate!: number | null;
}

export class JourneyLift {
  @ApiProperty({ description: 'How far the rate of those who walked is above that of those held out.' })
  difference!: number;
  @ApiProperty({ description: 'Lower end of its 95 % interval.' }) from!: number;
  @ApiProperty({ description: 'Upper end of its 95 % interval.' }) to!: number;
}

export class JourneyReportView {
  @ApiProperty() journeyId!: string;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'The version that was asked for; null: all, with the steps of the one shown.',
  })
  version!: number | null;
  @ApiProperty({ description: 'All who entered, those held out among them.', type: 'integer' })
  entered!: number;
  @ApiProperty({ description: 'Who is inside now.', type: 'integer' }) inside!: number;
  @ApiProperty({ ...BY_REASON, description: 'How many ended, by the reason.' })
  ended!: Record<string, number>;
  @ApiProperty({ ...BY_REASON, description: 'How many might have entered and did not, by the reason.' })
  refused!: Record<string, number>;
  @ApiProperty({ description: 'Of those who walked.' }) walked!: JourneyConversion;
  @ApiProperty({ description: 'Of those held out for comparison.' }) heldOut!: JourneyConversion;
  @ApiProperty({
    type: JourneyLift,
    nullable: true,
    description: "Null while nobody's window is over in one of both groups.",
  })
  lift!: JourneyLift | null;
  @ApiProperty({ type: [JourneyStepReport], description: 'In the order of the definition.' })
  steps!: JourneyStepReport[];
}

export class JourneyWaitView {
  @ApiProperty() step!: string;
  @ApiProperty({ type: 'integer' }) visit!: number;
  @ApiProperty({ enum: ['time', 'watch', 'outcome'] }) waitsFor!: string;
  @ApiProperty({ type: Date, nullable: true, description: 'When its time comes; null: never.' })
  dueAt!: Date | null;
}

export class JourneyInstanceView {
  @ApiProperty() id!: string;
  @ApiProperty({ type: 'integer' }) version!: number;
  @ApiProperty() profileId!: string;
  @ApiProperty({ type: String, nullable: true }) key!: string | null;
  @ApiProperty({ enum: STATES }) state!: string;
  @ApiProperty({ type: String, nullable: true }) endReason!: string | null;
  @ApiProperty() enteredAt!: Date;
  @ApiProperty({ type: Date, nullable: true }) endedAt!: Date | null;
  @ApiProperty({
    type: Date,
    nullable: true,
    description: 'Until when the goal counts, whether or not it has ended; null without a goal.',
  })
  goalUntil!: Date | null;
  @ApiProperty({ type: Date, nullable: true, description: 'When it reached the goal, in time.' })
  goalAt!: Date | null;
  @ApiProperty({ description: 'Followed for comparison until `goalUntil`; gets nothing.' }) holdout!: boolean;
  @ApiProperty({ description: 'Waits are this many times shorter; 1 but for tests.', type: 'integer' })
  speed!: number;
  @ApiProperty({ type: [JourneyWaitView] }) waits!: JourneyWaitView[];
}

export class JourneyTraceView {
  @ApiProperty() at!: Date;
  @ApiProperty({ type: 'integer', description: 'Counts the visits of steps; 0 of the journey itself.' })
  visit!: number;
  @ApiProperty({ description: "'' of the journey itself." }) step!: string;
  @ApiProperty({ enum: ['passed', 'entered', 'left', 'stopped', 'goal', 'ended', 'error'] }) what!: string;
  @ApiProperty({ type: String, nullable: true, description: 'Where it went on.' }) next!: string | null;
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'Which way and why.',
  })
  detail!: Record<string, unknown> | null;
}

export class JourneyMessageView {
  @ApiProperty({ description: 'Of the effect: `GET /v1/effects/{id}` tells each try.' }) id!: string;
  @ApiProperty({ type: 'integer', description: 'The visit that caused it.' }) visit!: number;
  @ApiProperty() connectorId!: string;
  @ApiProperty({ enum: ['send', 'call'] }) operation!: string;
  @ApiProperty() state!: string;
  @ApiProperty({ type: String, nullable: true }) reasonCode!: string | null;
  @ApiProperty() createdAt!: Date;
  @ApiProperty() updatedAt!: Date;
}

/** An instance with all that is kept of it but its messages. */
export class TracedInstanceView extends JourneyInstanceView {
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'What it entered with; an event whole only with the scope profiles:read.',
  })
  entry!: Record<string, unknown>;
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'What steps have kept; null without the scope profiles:read.',
  })
  context!: Record<string, unknown> | null;
  @ApiProperty({ type: [JourneyTraceView] }) trace!: JourneyTraceView[];
}

export class WholeJourneyInstanceView extends TracedInstanceView {
  @ApiProperty({ type: [JourneyMessageView] }) messages!: JourneyMessageView[];
}

export class JourneyRefusalView {
  @ApiProperty() at!: Date;
  @ApiProperty({ type: 'integer' }) version!: number;
  @ApiProperty() code!: string;
  @ApiProperty({ description: 'The same in words.' }) reason!: string;
}

export class JourneyMistakeView {
  @ApiProperty({ description: 'What it missed, in the definition.' }) pointer!: string;
  @ApiProperty() code!: string;
  @ApiProperty() message!: string;
}

export class JourneyEventFinding {
  @ApiProperty() messageId!: string;
  @ApiProperty() receivedAt!: Date;
  @ApiProperty() occurredAt!: Date;
  @ApiProperty({ description: 'It is one that the entry waits for.' }) matches!: boolean;
  @ApiProperty({ type: [JourneyMistakeView] }) mistakes!: JourneyMistakeView[];
}

export class JourneyEntryFinding {
  @ApiProperty({ description: 'Of the entry, in the definition.' }) pointer!: string;
  @ApiProperty({ enum: ['event', 'audience', 'read', 'business', 'api'] }) kind!: string;
  @ApiProperty({ type: String, nullable: true, description: 'Name of the event, or id of the audience.' })
  waitsFor!: string | null;
  @ApiProperty({ type: [JourneyEventFinding], description: "The profile's last events of that name." })
  events!: JourneyEventFinding[];
  @ApiProperty({ type: [String], description: 'Names that came and are nearly that one.' })
  similarNames!: string[];
  @ApiProperty({
    type: Boolean,
    nullable: true,
    description: 'Whether the profile is a member of the audience now; null where there is none.',
  })
  member!: boolean | null;
}

export class JourneyWhyView {
  @ApiProperty() journeyId!: string;
  @ApiProperty() profileId!: string;
  @ApiProperty({ description: 'Of the journey.' }) state!: string;
  @ApiProperty({ type: 'integer', nullable: true, description: 'What entries are taken into.' })
  liveVersion!: number | null;
  @ApiProperty({ description: 'It is inside now.' }) inside!: boolean;
  @ApiProperty({ type: [JourneyInstanceView], description: 'When it entered, the last time first.' })
  entered!: JourneyInstanceView[];
  @ApiProperty({ type: [JourneyRefusalView], description: 'When it might have and did not.' })
  refusals!: JourneyRefusalView[];
  @ApiProperty({
    type: Boolean,
    nullable: true,
    description: 'Whether `where` holds now; null without one.',
  })
  where!: boolean | null;
  @ApiProperty({ type: [JourneyEntryFinding] }) entries!: JourneyEntryFinding[];
}
