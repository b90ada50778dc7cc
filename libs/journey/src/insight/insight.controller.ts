import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  type AccessContext,
  allows,
  Caller,
  type Page,
  PageAnswer,
  Scopes,
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
  @Scopes('journeys:read')
  @ApiOperation({
    summary: 'Who entered, who waits where, who reached the goal, and what holding out says of it',
  })
  @ApiOkResponse({ type: JourneyReportView })
  report(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() { version }: ReportQuery,
  ): Promise<JourneyReportView> {
    return this.insight.report(workspaceId, id, version);
  }

  @Get(':id/instances')
  @Scopes('journeys:read')
  @ApiOperation({ summary: 'Profiles on the journey, who entered last first' })
  @PageAnswer(JourneyInstanceView, 'Instances.')
  instances(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: InstanceQuery,
  ): Promise<Page<JourneyInstanceView>> {
    return this.insight.instances(workspaceId, id, query);
  }

  @Get(':id/instances/:instanceId')
  @Scopes('journeys:read')
  @ApiOperation({ summary: 'One profile on its way: what it saw, which way it took and why, which messages' })
  @ApiOkResponse({ type: WholeJourneyInstanceView })
  instance(
    @Workspace() workspaceId: string,
    @Caller() caller: AccessContext,
    @Param('id') id: string,
    @Param('instanceId') instanceId: string,
  ): Promise<WholeJourneyInstanceView> {
    return this.insight.instance(workspaceId, id, instanceId, allows(caller.scopes, ['profiles:read']));
  }

  @Get(':id/dead-letters')
  @Scopes('journeys:read')
  @ApiOperation({ summary: 'Messages and calls that were rejected, dropped, or are unknown for good' })
  @PageAnswer(JourneyDeadLetterView, 'Dead letters, the last first.')
  deadLetters(
    @Workspace() workspaceId: string,
    @Caller() caller: AccessContext,
    @Param('id') id: string,
    @Query() query: JourneyDeadLetterQuery,
  ): Promise<Page<JourneyDeadLetterView>> {
    return this.insight.deadLetters(workspaceId, id, query, allows(caller.scopes, ['profiles:read']));
  }

  @Get(':id/dead-letters/groups')
  @Scopes('journeys:read')
  @ApiOperation({ summary: 'How many of them there are, by step and reason' })
  @ApiOkResponse({ type: JourneyDeadLetterGroups })
  deadLetterGroups(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() filter: DeadLetterFilter,
  ): Promise<JourneyDeadLetterGroups> {
    return this.insight.deadLetterGroups(workspaceId, id, filter);
  }

  @Get(':id/why')
  @Scopes('journeys:read')
  @ApiOperation({ summary: 'Why a profile is on the journey, or is not' })
  @ApiOkResponse({ type: JourneyWhyView })
  why(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() { profile }: WhyQuery,
  ): Promise<JourneyWhyView> {
    return this.insight.why(workspaceId, id, profile);
  }
}
