import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Answers, AnswersPage, type Page, PageQuery, Workspace } from '@percorso/access';
import { GraphView } from './graph.dto';
import { JourneyDiff, JourneyVersionView, VersionChosen, VersionsCompared } from './journey.dto';
import { JourneyExport } from './transfer.dto';
import { TransferService } from './transfer.service';
import { VersionPipe } from './version.pipe';
import { VersionService } from './version.service';

@ApiTags('Journeys')
@Controller('v1/journeys/:id')
export class VersionController {
  constructor(
    private readonly versions: VersionService,
    private readonly transfer: TransferService,
  ) {}

  @Get('versions')
  @AnswersPage(
    'journeys:read',
    'List the versions of a journey',
    JourneyVersionView,
    'Versions, the newest first.',
  )
  list(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<JourneyVersionView>> {
    return this.versions.list(workspaceId, id, query);
  }

  @Get('versions/:version')
  @Answers('journeys:read', 'Read a version of a journey', JourneyVersionView)
  get(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Param('version', VersionPipe) version: number,
  ): Promise<JourneyVersionView> {
    return this.versions.get(workspaceId, id, version);
  }

  @Get('diff')
  @Answers('journeys:read', 'Where two versions differ', JourneyDiff)
  diff(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: VersionsCompared,
  ): Promise<JourneyDiff> {
    return this.versions.diff(workspaceId, id, query);
  }

  @Get('graph')
  @Answers('journeys:read', 'What a picture of a journey is drawn from', GraphView)
  graph(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() { version }: VersionChosen,
  ): Promise<GraphView> {
    return this.versions.graph(workspaceId, id, version);
  }

  @Get('export')
  @Answers('journeys:read', 'A version on its own, with what it names', JourneyExport)
  export(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() { version }: VersionChosen,
  ): Promise<JourneyExport> {
    return this.transfer.export(workspaceId, id, version);
  }
}
