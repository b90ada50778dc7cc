import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Page, PageAnswer, PageQuery, Scopes, Workspace } from '@percorso/access';
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
  @Scopes('journeys:read')
  @ApiOperation({ summary: 'List the versions of a journey' })
  @PageAnswer(JourneyVersionView, 'Versions, the newest first.')
  list(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<JourneyVersionView>> {
    return this.versions.list(workspaceId, id, query);
  }

  @Get('versions/:version')
  @Scopes('journeys:read')
  @ApiOperation({ summary: 'Read a version of a journey' })
  @ApiOkResponse({ type: JourneyVersionView })
  get(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Param('version', VersionPipe) version: number,
  ): Promise<JourneyVersionView> {
    return this.versions.get(workspaceId, id, version);
  }

  @Get('diff')
  @Scopes('journeys:read')
  @ApiOperation({ summary: 'Where two versions differ' })
  @ApiOkResponse({ type: JourneyDiff })
  diff(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: VersionsCompared,
  ): Promise<JourneyDiff> {
    return this.versions.diff(workspaceId, id, query);
  }

  @Get('graph')
  @Scopes('journeys:read')
  @ApiOperation({ summary: 'What a picture of a journey is drawn from' })
  @ApiOkResponse({ type: GraphView })
  graph(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() { version }: VersionChosen,
  ): Promise<GraphView> {
    return this.versions.graph(workspaceId, id, version);
  }

  @Get('export')
  @Scopes('journeys:read')
  @ApiOperation({ summary: 'A version on its own, with what it names' })
  @ApiOkResponse({ type: JourneyExport })
  export(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() { version }: VersionChosen,
  ): Promise<JourneyExport> {
    return this.transfer.export(workspaceId, id, version);
  }
}
