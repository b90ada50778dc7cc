import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiExtraModels, ApiTags } from '@nestjs/swagger';
import { AnswersPage, Page, Workspace } from '@percorso/access';
import { NamedIdentity, TimelineEntry, TimelineQuery } from './timeline.dto';
import { TimelineQueries } from './timeline.queries';

@ApiTags('profiles')
@ApiExtraModels(NamedIdentity)
@Controller('v1/profiles')
export class TimelineController {
  constructor(private readonly timelines: TimelineQueries) {}

  @Get(':id/timeline')
  @AnswersPage(
    'profiles:read',
    'What happened to a person, with what providers told about its messages',
    TimelineEntry,
    'The latest first.',
  )
  page(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: TimelineQuery,
  ): Promise<Page<TimelineEntry>> {
    return this.timelines.page(workspaceId, id, query);
  }
}
