import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  type AccessContext,
  allows,
  Answers,
  AnswersPage,
  Caller,
  type Page,
  Workspace,
} from '@percorso/access';
import {
  InstanceQuery,
  JourneyInstanceView,
  JourneyReportView,
  JourneyWhyView,
  ReportQuery,
  WholeJourneyInstanceView,
  WhyQuery,
} from './insight.dto';
import {
  DeadLetterFilter,
  JourneyDeadLetterGroups,
  JourneyDeadLetterQuery,
  JourneyDeadLetterView,
} from './dead-letter.dto';
import { InsightService } from './insight.service';

@ApiTags('Journeys')
@Controller('v1/journeys')
export class InsightController {
  constructor(private readonly insight: InsightService) {}

  @Get(':id/report')
  @Answers(
    'journeys:read',
    'Who entered, who waits where, who reached the goal, and what holding out says of it',
    JourneyReportView,
  )
  report(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() { version }: ReportQuery,
  ): Promise<JourneyReportView> {
    return this.insight.report(workspaceId, id, version);
  }

  @Get(':id/instances')
  @AnswersPage(
    'journeys:read',
    'Profiles on the journey, who entered last first',
    JourneyInstanceView,
    'Instances.',
  )
  instances(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: InstanceQuery,
  ): Promise<Page<JourneyInstanceView>> {
    return this.insight.instances(workspaceId, id, query);
  }

  @Get(':id/instances/:instanceId')
  @Answers(
    'journeys:read',
    'One profile on its way: what it saw, which way it took and why, which messages',
    WholeJourneyInstanceView,
  )
  instance(
    @Workspace() workspaceId: string,
    @Caller() caller: AccessContext,
    @Param('id') id: string,
    @Param('instanceId') instanceId: string,
  ): Promise<WholeJourneyInstanceView> {
    return this.insight.instance(workspaceId, id, instanceId, allows(caller.scopes, ['profiles:read']));
  }

  @Get(':id/dead-letters')
  @AnswersPage(
    'journeys:read',
    'Messages and calls that were rejected, dropped, or are unknown for good',
    JourneyDeadLetterView,
    'Dead letters, the last first.',
  )
  deadLetters(
    @Workspace() workspaceId: string,
    @Caller() caller: AccessContext,
    @Param('id') id: string,
    @Query() query: JourneyDeadLetterQuery,
  ): Promise<Page<JourneyDeadLetterView>> {
    return this.insight.deadLetters(workspaceId, id, query, allows(caller.scopes, ['profiles:read']));
  }

  @Get(':id/dead-letters/groups')
  @Answers('journeys:read', 'How many of them there are, by step and reason', JourneyDeadLetterGroups)
  deadLetterGroups(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() filter: DeadLetterFilter,
  ): Promise<JourneyDeadLetterGroups> {
    return this.insight.deadLetterGroups(workspaceId, id, filter);
  }

  @Get(':id/why')
  @Answers('journeys:read', 'Why a profile is on the journey, or is not', JourneyWhyView)
  why(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() { profile }: WhyQuery,
  ): Promise<JourneyWhyView> {
    return this.insight.why(workspaceId, id, profile);
  }
}
