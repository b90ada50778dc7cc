import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Actor, Etag, IfMatch, PageQuery, Scopes, Workspace, type Page } from '@percorso/access';
import { CreateConnectorDto, UpdateConnectorDto, type ConnectorView } from './connector.dto';
import { ConnectorService } from './connector.service';
import type { CheckAnswer } from './runtime/connector-runtime';

@ApiTags('Connectors')
@Controller('v1/connectors')
export class ConnectorController {
  constructor(private readonly connectors: ConnectorService) {}

  @Post()
  @Scopes('connectors:write')
  @Etag()
  @ApiOperation({ summary: 'Connect a provider through a plugin' })
  create(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() dto: CreateConnectorDto,
  ): Promise<ConnectorView> {
    return this.connectors.create(workspaceId, actor, dto);
  }

  @Get()
  @Scopes('connectors:read')
  @ApiOperation({ summary: 'List connectors' })
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<ConnectorView>> {
    return this.connectors.list(workspaceId, query);
  }

  @Get(':id')
  @Scopes('connectors:read')
  @Etag()
  @ApiOperation({ summary: 'Read a connector; of its secrets, which are set' })
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<ConnectorView> {
    return this.connectors.get(workspaceId, id);
  }

  @Patch(':id')
  @Scopes('connectors:write')
  @Etag()
  @ApiOperation({ summary: 'Change name, settings or state' })
  update(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @IfMatch() version: number,
    @Body() dto: UpdateConnectorDto,
  ): Promise<ConnectorView> {
    return this.connectors.update(workspaceId, actor, id, version, dto);
  }

  @Delete(':id')
  @Scopes('connectors:write')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a connector nothing uses' })
  remove(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @IfMatch() version: number,
  ): Promise<void> {
    return this.connectors.remove(workspaceId, actor, id, version);
  }

  @Post(':id/check')
  @Scopes('connectors:write')
  @HttpCode(200)
  @ApiOperation({ summary: 'Try settings and credentials against the provider' })
  check(@Workspace() workspaceId: string, @Param('id') id: string): Promise<CheckAnswer> {
    return this.connectors.check(workspaceId, id);
  }
}
