import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { PageQuery } from '@percorso/access';
import { EVENT_TIMES, type EventTime } from '@percorso/profile';
import { IsIn, IsInt, IsObject, IsOptional, IsString, IsUUID, Max, MaxLength, Min } from 'class-validator';
import { JourneyReportView, TracedInstanceView } from '../../insight/insight.dto';
import { LATEST } from '../../journey/journey.dto';
import { responsesSchema } from '../walk/responses';
import { SIMULATION_STATES, type SimulationState } from '../job/simulation.store';

const INSTANCE_STATES = ['active', 'ended'] as const;
const BY_OUTCOME = { type: 'object', additionalProperties: { type: 'integer' } } as const;
const RESPONSES = responsesSchema as { type: 'object'; properties: Record<string, object> };

export class SimulateJourney {
  @ApiPropertyOptional({ type: 'integer', description: 'The newest unless given; it may be a draft.' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(LATEST)
  version?: number;

  @ApiProperty({
    description: 'Nobody is inside when it begins. A time with its zone, or a day of UTC.',
    example: '2026-05-01T00:00:00Z',
  })
  @IsString()
  @MaxLength(40)
  from!: string;

  @ApiProperty({
    description:
      'What happens from here on is not looked at. Not in the future; at most 366 days after `from`.',
    example: '2026-06-01T00:00:00Z',
  })
  @IsString()
  @MaxLength(40)
  until!: string;

  @ApiPropertyOptional({
    enum: EVENT_TIMES,
    default: 'received',
    description:
      'When an event counts: when it was received, as for a live journey, or as if it had come when it `occurred`, for ' +
      'what was imported later.',
  })
  @IsOptional()
  @IsIn(EVENT_TIMES)
  eventTime?: EventTime;

  @ApiPropertyOptional({
    ...RESPONSES,
    description: 'What becomes of messages; unless given, what really did, else accepted at once.',
    example: {
      rules: [
        { step: 'remind', percent: 5, outcome: { status: 'rejected', code: 'bounced' }, after: '2s' },
        { reactions: [{ is: 'clicked', percent: 20, after: '2h' }] },
      ],
    },
  })
  @IsOptional()
  @IsObject()
  responses?: object;
}

export class SimulationProblem {
  @ApiProperty() code!: string;
  @ApiProperty() message!: string;
}

export class SimulationView {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty({ format: 'uuid' }) journeyId!: string;
  @ApiProperty({ type: 'integer' }) version!: number;
  @ApiProperty({ enum: SIMULATION_STATES }) state!: SimulationState;
  @ApiProperty({ type: SimulationProblem, nullable: true, description: 'Why it failed.' })
  problem!: SimulationProblem | null;
  @ApiProperty() from!: Date;
  @ApiProperty() until!: Date;
  @ApiProperty({ enum: EVENT_TIMES }) eventTime!: EventTime;
  @ApiProperty({ type: 'object', additionalProperties: true, description: 'As they were asked for.' })
  responses!: object;
  @ApiProperty({ description: 'How much of it is done, 0 to 1.' }) progress!: number;
  @ApiProperty({ type: 'integer', description: 'Persons so far of whom something might have moved them.' })
  persons!: number;
  @ApiProperty({ type: 'integer', description: 'Messages and calls so far.' }) messages!: number;
  @ApiProperty({ type: 'integer', description: 'Milliseconds at work so far.' }) tookMs!: number;
  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'How many times faster than time itself it was at work; null until it is done.',
  })
  speed!: number | null;
  @ApiProperty({ description: 'Who asked for it.' }) askedBy!: string;
  @ApiProperty() askedAt!: Date;
  @ApiProperty({ type: Date, nullable: true }) startedAt!: Date | null;
  @ApiProperty({ type: Date, nullable: true }) endedAt!: Date | null;
  @ApiProperty({
    type: Date,
    nullable: true,
    description:
      'When messages, instances and refusals were cleared; what was counted stays. Null: they are there.',
  })
  clearedAt!: Date | null;
}

export class SimulatedStepMessages {
  @ApiProperty() step!: string;
  @ApiProperty({ type: 'integer' }) count!: number;
  @ApiProperty({ ...BY_OUTCOME, description: 'By what became of them; `none`: nothing until the end.' })
  outcomes!: Record<string, number>;
}

export class SimulatedConnectorMessages {
  @ApiProperty({ format: 'uuid' }) connectorId!: string;
  @ApiProperty({ type: 'integer' }) count!: number;
}

export class SimulatedDay {
  @ApiProperty({ description: 'Of UTC.', example: '2026-05-01' }) day!: string;
  @ApiProperty({ type: 'integer' }) entered!: number;
  @ApiProperty({ type: 'integer' }) messages!: number;
}

export class SimulationNote {
  @ApiProperty() code!: string;
  @ApiProperty() message!: string;
}

export class SimulationReportView extends SimulationView {
  @ApiProperty({
    type: JourneyReportView,
    description: 'As that of a live journey; who is inside: at the end.',
  })
  report!: JourneyReportView;
  @ApiProperty({ type: [SimulatedStepMessages], description: 'In the order of the definition.' })
  byStep!: SimulatedStepMessages[];
  @ApiProperty({ type: [SimulatedConnectorMessages] }) byConnector!: SimulatedConnectorMessages[];
  @ApiProperty({ type: [SimulatedDay], description: 'Days on which somebody entered or got something.' })
  byDay!: SimulatedDay[];
  @ApiProperty({ type: [SimulationNote], description: 'What this simulation cannot know.' })
  notes!: SimulationNote[];
}

export class SimulatedMessageQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Of this step.' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  step?: string;

  @ApiPropertyOptional({ description: 'To this profile.', format: 'uuid' })
  @IsOptional()
  @IsUUID()
  profile?: string;
}

export class SimulatedMessageView {
  @ApiProperty({ format: 'uuid' }) profileId!: string;
  @ApiProperty({ format: 'uuid' }) instanceId!: string;
  @ApiProperty({ type: String, nullable: true }) key!: string | null;
  @ApiProperty() step!: string;
  @ApiProperty({ type: 'integer', description: 'Which of the step with this key, from 1.' }) nth!: number;
  @ApiProperty({ type: 'integer' }) visit!: number;
  @ApiProperty() at!: Date;
  @ApiProperty({ format: 'uuid' }) connectorId!: string;
  @ApiProperty({ type: String, nullable: true }) channel!: string | null;
  @ApiProperty({ enum: ['send', 'upsert', 'call'] }) operation!: string;
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What became of it; null: nothing until the end.',
  })
  outcome!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'Why it was not accepted.' }) code!:
    string | null;
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'Null where nothing could be made of it, and without the scope profiles:read.',
  })
  payload!: Record<string, unknown> | null;
}

export class SimulatedInstanceQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Of this profile.', format: 'uuid' })
  @IsOptional()
  @IsUUID()
  profile?: string;

  @ApiPropertyOptional({ enum: INSTANCE_STATES, description: 'As it was at the end.' })
  @IsOptional()
  @IsIn(INSTANCE_STATES)
  state?: (typeof INSTANCE_STATES)[number];

  @ApiPropertyOptional({ description: 'That waited at this step at the end.' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  step?: string;
}

export class WholeSimulatedInstanceView extends TracedInstanceView {
  @ApiProperty({ type: [SimulatedMessageView] }) messages!: SimulatedMessageView[];
}

export class SimulatedRefusalQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Of this profile.', format: 'uuid' })
  @IsOptional()
  @IsUUID()
  profile?: string;

  @ApiPropertyOptional({ description: 'For this reason, by its code.' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  code?: string;
}

export class SimulatedRefusalView {
  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'Null: it has none any more.' })
  profileId!: string | null;
  @ApiProperty() at!: Date;
  @ApiProperty() code!: string;
  @ApiProperty({ description: 'The same in words.' }) reason!: string;
}
