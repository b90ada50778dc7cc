import { ApiProperty, ApiPropertyOptional, PickType } from '@nestjs/swagger';
import { IsIn, IsOptional, IsUUID } from 'class-validator';
import { JourneyStepReport } from '../../insight/insight.dto';
import { SimulatedMessageQuery, SimulatedMessageView } from './simulation.dto';

export const DIFFERENCES = ['first', 'second', 'time', 'content'] as const;
export type Difference = (typeof DIFFERENCES)[number];

export class ComparisonQuery {
  @ApiProperty({ format: 'uuid', description: 'The other simulation, of the same journey and window.' })
  @IsUUID()
  with!: string;
}

export class ComparedMessageQuery extends SimulatedMessageQuery {
  @ApiProperty({ format: 'uuid', description: 'The other simulation, of the same journey and window.' })
  @IsUUID()
  with!: string;

  @ApiPropertyOptional({
    enum: DIFFERENCES,
    description:
      '`first`: only in the first, `second`: only in the other, `time`: at another time, `content`: of another content. ' +
      'All that differ unless given.',
  })
  @IsOptional()
  @IsIn(DIFFERENCES)
  difference?: Difference;
}

export class ComparedSimulation {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty({ type: 'integer' }) version!: number;
  @ApiProperty({ type: 'integer' }) entered!: number;
  @ApiProperty({ type: 'integer' }) messages!: number;
  @ApiProperty({ type: 'integer', description: 'Who reached the goal, those held out among them.' })
  reached!: number;
  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Of those who walked, who reached it: 0 to 1; null of nobody.',
  })
  rate!: number | null;
}

export class ComparedProfiles {
  @ApiProperty({ type: 'integer', description: 'Who get something in both.' }) both!: number;
  @ApiProperty({ type: 'integer', description: 'Who get something only in the first.' }) onlyFirst!: number;
  @ApiProperty({ type: 'integer', description: 'Who get something only in the second.' }) onlySecond!: number;
}

export class ComparedMessages {
  @ApiProperty({ type: 'integer', description: 'At the same time, with the same content.' }) same!: number;
  @ApiProperty({ type: 'integer', description: 'In both, at another time.' }) otherTime!: number;
  @ApiProperty({ type: 'integer', description: 'In both, with other content.' }) otherContent!: number;
  @ApiProperty({ type: 'integer' }) onlyFirst!: number;
  @ApiProperty({ type: 'integer' }) onlySecond!: number;
}

export class ComparedStep {
  @ApiProperty() id!: string;
  @ApiProperty({
    type: JourneyStepReport,
    nullable: true,
    description: 'Null: the version has no such step.',
  })
  first!: JourneyStepReport | null;
  @ApiProperty({ type: JourneyStepReport, nullable: true }) second!: JourneyStepReport | null;
  @ApiProperty({ type: ComparedMessages, nullable: true, description: 'Null: the step sends nothing.' })
  messages!: ComparedMessages | null;
}

export class ComparisonView {
  @ApiProperty() from!: Date;
  @ApiProperty() until!: Date;
  @ApiProperty({ type: ComparedSimulation }) first!: ComparedSimulation;
  @ApiProperty({ type: ComparedSimulation }) second!: ComparedSimulation;
  @ApiProperty({ description: 'Whether messages fare alike in both: the same `responses` were asked for.' })
  sameResponses!: boolean;
  @ApiProperty({ type: ComparedProfiles }) profiles!: ComparedProfiles;
  @ApiProperty({
    type: ComparedMessages,
    description: 'Of one step, to one profile with one key: the first is held against the first, and so on.',
  })
  messages!: ComparedMessages;
  @ApiProperty({ type: [ComparedStep], description: 'Of the first, then those that only the second has.' })
  steps!: ComparedStep[];
}

export class ComparedSide extends PickType(SimulatedMessageView, [
  'instanceId',
  'at',
  'connectorId',
  'outcome',
  'payload',
]) {}

export class ComparedMessageView extends PickType(SimulatedMessageView, ['profileId', 'key', 'step', 'nth']) {
  @ApiProperty({ enum: DIFFERENCES, isArray: true }) differences!: Difference[];
  @ApiProperty({ type: ComparedSide, nullable: true }) first!: ComparedSide | null;
  @ApiProperty({ type: ComparedSide, nullable: true }) second!: ComparedSide | null;
}
