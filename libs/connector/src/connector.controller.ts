import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  Actor,
  Answers,
  Creates,
  Etag,
  IfMatch,
  type Page,
  PageQuery,
  Removes,
  Workspace,
} from '@percorso/access';
import { CreateConnectorDto, UpdateConnectorDto, type ConnectorView } from './connector.dto';
import { ConnectorService } from './connector.service';
import type { CheckAnswer } from './runtime/connector-runtime';

@ApiTags('Connectors')
@Controller('v1/connectors')
export class ConnectorController {
  constructor(private readonly connectors: ConnectorService) {}

  @Post()
  @Etag()
  @Creates('connectors:write', 'Connect a provider through a plugin')
  create(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() dto: CreateConnectorDto,
  ): Promise<ConnectorView> {
    return this.connectors.create(workspaceId, actor, dto);
  }

  @Get()
  @Answers('connectors:read', 'List connectors')
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<ConnectorView>> {
    return this.connectors.list(workspaceId, query);
  }

  @Get(':id')
  @Etag()
  @Answers('connectors:read', 'Read a connector; of its secrets, which are set')
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<ConnectorView> {
    return this.connectors.get(workspaceId, id);
  }

  @Patch(':id')
  @Etag()
  @Answers('connectors:write', 'Change name, settings or state')
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
  @Removes('connectors:write', 'Delete a connector nothing uses')
  remove(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @IfMatch() version: number,
  ): Promise<void> {
    return this.connectors.remove(workspaceId, actor, id, version);
  }

  @Post(':id/check')
  @Answers('connectors:write', 'Try settings and credentials against the provider')
  check(@Workspace() workspaceId: string, @Param('id') id: string): Promise<CheckAnswer> {
    return this.connectors.check(workspaceId, id);
  }
}
