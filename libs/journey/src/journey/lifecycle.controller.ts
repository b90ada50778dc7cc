import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Actor, Answers, AnswersPage, IfMatch, type Page, PageQuery, Workspace } from '@percorso/access';
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
  @Answers('journeys:write', 'Take a version into use, and say what becomes of those inside', PublishedView)
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
  @Answers('journeys:write', 'Let nobody in and nobody move', JourneyView)
  pause(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<JourneyView> {
    return this.lifecycle.setState(workspaceId, actor, id, 'paused');
  }

  @Post('resume')
  @Answers('journeys:write', 'Go on after a pause, and let people in again', JourneyView)
  resume(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<JourneyView> {
    return this.lifecycle.setState(workspaceId, actor, id, 'live');
  }

  @Post('drain')
  @Answers('journeys:write', 'Let nobody in; those inside go on to their end', JourneyView)
  drain(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<JourneyView> {
    return this.lifecycle.setState(workspaceId, actor, id, 'draining');
  }

  @Post('stop')
  @Answers('journeys:write', 'Let nobody in; those inside end', JourneyView)
  stop(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<JourneyView> {
    return this.lifecycle.setState(workspaceId, actor, id, 'stopped');
  }

  @Post('test')
  @Answers('journeys:write', 'Let marked profiles in, and no others; their waits may be shorter', JourneyView)
  test(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @Body() body: TestJourney,
  ): Promise<JourneyView> {
    return this.lifecycle.test(workspaceId, actor, id, body);
  }

  @Delete('test')
  @Answers('journeys:write', 'End the test: those inside end', JourneyView)
  endTest(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<JourneyView> {
    return this.lifecycle.endTest(workspaceId, actor, id);
  }

  @Get('jobs')
  @AnswersPage(
    'journeys:read',
    'What was asked of those inside, and how far it came',
    JobView,
    'Jobs, the newest first.',
  )
  jobs(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<JobView>> {
    return this.lifecycle.jobs(workspaceId, id, query);
  }
}
