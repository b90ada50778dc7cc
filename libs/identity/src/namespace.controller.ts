import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Actor, Etag, IfMatch, Page, PageAnswer, Scopes, Workspace } from '@percorso/access';
import { CreateNamespace, UpdateNamespace } from './namespace.dto';
import { NamespaceService } from './namespace.service';
import { NamespaceView } from './namespace.view';

@ApiTags('namespaces')
@Controller('v1/namespaces')
export class NamespaceController {
  constructor(private readonly namespaces: NamespaceService) {}

  @Get()
  @Scopes('namespaces:read')
  @PageAnswer(NamespaceView, 'All, strongest first.')
  async list(@Workspace() workspaceId: string): Promise<Page<NamespaceView>> {
    return { data: await this.namespaces.list(workspaceId), next: null };
  }

  @Get(':code')
  @Scopes('namespaces:read')
  @Etag()
  @ApiOkResponse({ type: NamespaceView })
  get(@Workspace() workspaceId: string, @Param('code') code: string): Promise<NamespaceView> {
    return this.namespaces.get(workspaceId, code);
  }

  @Post()
  @Scopes('namespaces:write')
  @Etag()
  @ApiCreatedResponse({ type: NamespaceView })
  create(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() body: CreateNamespace,
  ): Promise<NamespaceView> {
    return this.namespaces.create(workspaceId, actor, body);
  }

  @Patch(':code')
  @Scopes('namespaces:write')
  @Etag()
  @ApiOkResponse({ type: NamespaceView })
  update(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('code') code: string,
    @IfMatch() version: number,
    @Body() body: UpdateNamespace,
  ): Promise<NamespaceView> {
    return this.namespaces.update(workspaceId, actor, code, version, body);
  }

  @Delete(':code')
  @Scopes('namespaces:write')
  @HttpCode(204)
  remove(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('code') code: string,
    @IfMatch() version: number,
  ): Promise<void> {
    return this.namespaces.remove(workspaceId, actor, code, version);
  }
}
