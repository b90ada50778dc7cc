import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Actor, IfMatch, type Page, PageAnswer, PageQuery, Scopes, Workspace } from '@percorso/access';
import { DryRunQuery, JobView, JourneyView, PublishedView, PublishJourney, TestJourney } from './journey.dto';
import { LifecycleService } from './lifecycle.service';
import { PublishService } from './publish.service';

@ApiTags('Journeys')
@Controller('v1/journeys/:id')
export class LifecycleController {
  constructor(
    private readonly publishing: PublishService,
    private readonly lifecycle: LifecycleService,
  ) {}

  @Post('publish')
  @HttpCode(200)
  @Scopes('journeys:write')
  @ApiOperation({ summary: 'Take a version into use, and say what becomes of those inside' })
  @ApiOkResponse({ type: PublishedView })
  publish(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @IfMatch() version: number,
    @Query() { dryRun }: DryRunQuery,
    @Body() body: PublishJourney,
  ): Promise<PublishedView> {
    return this.publishing.publish(workspaceId, actor, id, version, body, dryRun === 'true');
  }

  @Post('pause')
  @HttpCode(200)
  @Scopes('journeys:write')
  @ApiOperation({ summary: 'Let nobody in and nobody move' })
  @ApiOkResponse({ type: JourneyView })
  pause(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<JourneyView> {
    return this.lifecycle.setState(workspaceId, actor, id, 'paused');
  }

  @Post('resume')
  @HttpCode(200)
  @Scopes('journeys:write')
  @ApiOperation({ summary: 'Go on after a pause, and let people in again' })
  @ApiOkResponse({ type: JourneyView })
  resume(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<JourneyView> {
    return this.lifecycle.setState(workspaceId, actor, id, 'live');
  }

  @Post('drain')
  @HttpCode(200)
  @Scopes('journeys:write')
  @ApiOperation({ summary: 'Let nobody in; those inside go on to their end' })
  @ApiOkResponse({ type: JourneyView })
  drain(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<JourneyView> {
    return this.lifecycle.setState(workspaceId, actor, id, 'draining');
  }

  @Post('stop')
  @HttpCode(200)
  @Scopes('journeys:write')
  @ApiOperation({ summary: 'Let nobody in; those inside end' })
  @ApiOkResponse({ type: JourneyView })
  stop(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<JourneyView> {
    return this.lifecycle.setState(workspaceId, actor, id, 'stopped');
  }

  @Post('test')
  @HttpCode(200)
  @Scopes('journeys:write')
  @ApiOperation({ summary: 'Let marked profiles in, and no others; their waits may be shorter' })
  @ApiOkResponse({ type: JourneyView })
  test(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @Body() body: TestJourney,
  ): Promise<JourneyView> {
    return this.lifecycle.test(workspaceId, actor, id, body);
  }

  @Delete('test')
  @HttpCode(200)
  @Scopes('journeys:write')
  @ApiOperation({ summary: 'End the test: those inside end' })
  @ApiOkResponse({ type: JourneyView })
  endTest(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<JourneyView> {
    return this.lifecycle.endTest(workspaceId, actor, id);
  }

  @Get('jobs')
  @Scopes('journeys:read')
  @ApiOperation({ summary: 'What was asked of those inside, and how far it came' })
  @PageAnswer(JobView, 'Jobs, the newest first.')
  jobs(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<JobView>> {
    return this.lifecycle.jobs(workspaceId, id, query);
  }
}
