import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { UsageViolationView } from '@percorso/profile';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { JOURNEY_STATES, type JourneyState } from './journey-state';
import type { StepMap } from '../engine/move-instance';

/** The smallest that shows what there is; the guide has longer ones. */
const EXAMPLE = {
  version: 1,
  entries: [{ event: { name: 'Cart Updated' } }],
  goal: { event: { name: 'Order Completed' } },
  start: 'an-hour',
  steps: {
    'an-hour': { wait: { for: '1h' }, next: 'remind' },
    remind: {
      send: {
        connector: '0197a6d0-1111-7222-8333-444455556666',
        content: { jsonata: '{"to": profile.traits.email}' },
      },
    },
  },
};

const DEFINITION = {
  type: 'object' as const,
  additionalProperties: true,
  description: 'A journey of language version 1; GET /v1/journeys/schema has its JSON Schema.',
  example: EXAMPLE,
};

export const LATEST = 2_147_483_647;

class Named {
  @ApiProperty({ maxLength: 200 })
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  name!: string;

  @ApiPropertyOptional({ maxLength: 2000 })
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  description?: string;
}

export class CreateJourney extends Named {
  @ApiProperty(DEFINITION)
  @IsObject()
  definition!: object;
}

export class ChangeJourney extends PartialType(Named) {}

export class SaveDraft {
  @ApiProperty(DEFINITION)
  @IsObject()
  definition!: object;
}

export class ValidateJourney extends SaveDraft {
  @ApiPropertyOptional({ format: 'uuid', description: 'The journey that it is to be a version of.' })
  @IsOptional()
  @IsUUID()
  journeyId?: string;
}

export class JourneyMistake {
  @ApiProperty({ description: 'RFC 6901 pointer into the definition.' })
  pointer!: string;

  @ApiProperty()
  code!: string;

  @ApiProperty()
  message!: string;
}

export class JourneyValidity {
  @ApiProperty()
  valid!: boolean;

  @ApiProperty({ type: [JourneyMistake] })
  errors!: JourneyMistake[];
}

export class TestView {
  @ApiProperty({ type: 'integer', description: 'Waits are so many times shorter.' })
  speed!: number;

  @ApiProperty({ type: 'integer', description: 'Marked profiles.' })
  profiles!: number;
}

export class JourneyView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty()
  description!: string;

  @ApiProperty({ enum: JOURNEY_STATES })
  state!: JourneyState;

  @ApiProperty({ type: 'integer', nullable: true, description: 'The version that entries are taken into.' })
  liveVersion!: number | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'The version that is worked on, if there is one.',
  })
  draftVersion!: number | null;

  @ApiProperty({ type: 'integer' })
  newestVersion!: number;

  @ApiProperty({ type: Date, nullable: true })
  pausedAt!: Date | null;

  @ApiProperty({ type: TestView, nullable: true })
  test!: TestView | null;

  @ApiProperty({ type: [UsageViolationView], description: 'Usage policies that it has come to break.' })
  usageViolations!: UsageViolationView[];

  @ApiProperty({ type: 'integer', description: 'Of the journey itself: the ETag.' })
  version!: number;

  @ApiProperty()
  createdAt!: Date;

  @ApiProperty()
  updatedAt!: Date;
}

export class JourneyVersionView {
  @ApiProperty({ type: 'integer' })
  version!: number;

  @ApiProperty(DEFINITION)
  definition!: object;

  @ApiProperty()
  createdAt!: Date;

  @ApiProperty({ type: Date, nullable: true, description: 'When it was taken into use last; null: a draft.' })
  publishedAt!: Date | null;
}

export class VersionsCompared {
  @ApiPropertyOptional({ type: 'integer', description: 'Version; the one before `to` unless given.' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(LATEST)
  from?: number;

  @ApiPropertyOptional({ type: 'integer', description: 'Version; the newest unless given.' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(LATEST)
  to?: number;
}

export class VersionChosen {
  @ApiPropertyOptional({ type: 'integer', description: 'The live one unless given, else the newest.' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(LATEST)
  version?: number;
}

export class ChangeView {
  @ApiProperty({ description: 'RFC 6901 pointer into the definition.' })
  pointer!: string;

  @ApiProperty({ enum: ['added', 'removed', 'changed'] })
  kind!: string;

  @ApiPropertyOptional({ description: 'What was there.' })
  before?: unknown;

  @ApiPropertyOptional({ description: 'What is there now.' })
  after?: unknown;
}

export class JourneyDiff {
  @ApiProperty({ type: 'integer' })
  from!: number;

  @ApiProperty({ type: 'integer' })
  to!: number;

  @ApiProperty({ type: [ChangeView] })
  changes!: ChangeView[];
}

export const IN_FLIGHT = ['finish', 'move', 'restart'] as const;

export class InFlight {
  @ApiPropertyOptional({
    enum: IN_FLIGHT,
    default: 'finish',
    description:
      'What becomes of those inside: they finish on the version they are on, move to this one, or begin it anew.',
  })
  @IsOptional()
  @IsIn(IN_FLIGHT)
  choice: (typeof IN_FLIGHT)[number] = 'finish';

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string', nullable: true },
    description:
      'Of a move, {step of the older version: step of this one}; null: begin anew. Steps that keep their id and their ' +
      'kind of wait need not be named.',
    example: { 'an-hour': 'two-hours' },
  })
  @IsOptional()
  @IsObject()
  steps: StepMap = {};
}

export class PublishJourney {
  @ApiPropertyOptional({ type: 'integer', description: 'The newest unless given; an older one rolls back.' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(LATEST)
  version?: number;

  @ApiPropertyOptional({ type: InFlight })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => InFlight)
  inFlight: InFlight = new InFlight();
}

export class DryRunQuery {
  @ApiPropertyOptional({
    enum: ['true', 'false'],
    description: 'Tell what would come of it and change nothing.',
  })
  @IsOptional()
  @IsIn(['true', 'false'])
  dryRun?: 'true' | 'false';
}

export class MissingStep {
  @ApiProperty({ description: 'A step where somebody may wait, for which none takes its place.' })
  step!: string;

  @ApiProperty({ description: 'Its kind.' })
  kind!: string;

  @ApiProperty({ type: 'integer', description: 'Who waits there now.' })
  instances!: number;
}

export class VersionInside {
  @ApiProperty({ type: 'integer' })
  version!: number;

  @ApiProperty({ type: 'integer' })
  instances!: number;

  @ApiProperty({ type: [MissingStep] })
  missing!: MissingStep[];
}

export class InFlightView {
  @ApiProperty({ enum: IN_FLIGHT })
  choice!: string;

  @ApiProperty({ type: 'integer', description: 'Instances on other versions, whom the choice concerns.' })
  concerned!: number;

  @ApiProperty({ type: [VersionInside], description: 'The other versions that somebody is on.' })
  versions!: VersionInside[];

  @ApiProperty({ format: 'uuid', nullable: true, type: String, description: 'The job that carries it out.' })
  jobId!: string | null;
}

export class PublishedView {
  @ApiProperty({ type: JourneyView })
  journey!: JourneyView;

  @ApiProperty({ type: InFlightView })
  inFlight!: InFlightView;
}

export class TestJourney {
  @ApiPropertyOptional({
    type: [String],
    format: 'uuid',
    maxItems: 1000,
    description: 'Profiles that may enter.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(1000)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  profiles?: string[];

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description:
      'Whom this audience definition finds when the test begins, at most 1,000; in the place of `profiles`.',
    example: { version: 1, where: { trait: { path: 'tester', op: 'eq', value: true } } },
  })
  @IsOptional()
  @IsObject()
  definition?: object;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 1_000_000,
    default: 1,
    description: 'Waits are so many times shorter: at 3600 an hour is a second.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  speed: number = 1;

  @ApiPropertyOptional({ type: 'integer', description: 'The newest unless given.' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(LATEST)
  version?: number;
}

export class JobView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ enum: ['move', 'restart', 'stop'] })
  kind!: string;

  @ApiProperty({ type: 'integer', nullable: true })
  toVersion!: number | null;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string', nullable: true } })
  steps!: StepMap;

  @ApiProperty({ enum: ['open', 'done', 'superseded'] })
  state!: string;

  @ApiProperty({ type: 'integer', description: 'Instances so far.' })
  done!: number;

  @ApiProperty()
  askedAt!: Date;

  @ApiProperty({ type: Date, nullable: true })
  endedAt!: Date | null;
}
