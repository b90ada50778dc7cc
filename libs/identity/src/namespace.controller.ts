import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { Actor, Etag, IfMatch, Page, Scopes, Workspace } from '@percorso/access';
import { CreateNamespace, UpdateNamespace } from './namespace.dto';
import { NamespaceService } from './namespace.service';
import { StoredNamespace } from './namespace.store';

@Controller('v1/namespaces')
export class NamespaceController {
  constructor(private readonly namespaces: NamespaceService) {}

  @Get()
  @Scopes('namespaces:read')
  async list(@Workspace() workspaceId: string): Promise<Page<StoredNamespace>> {
    return { data: await this.namespaces.list(workspaceId), next: null };
  }

  @Get(':code')
  @Scopes('namespaces:read')
  @Etag()
  get(@Workspace() workspaceId: string, @Param('code') code: string): Promise<StoredNamespace> {
    return this.namespaces.get(workspaceId, code);
  }

  @Post()
  @Scopes('namespaces:write')
  @Etag()
  create(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() body: CreateNamespace,
  ): Promise<StoredNamespace> {
    return this.namespaces.create(workspaceId, actor, body);
  }

  @Patch(':code')
  @Scopes('namespaces:write')
  @Etag()
  update(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('code') code: string,
    @IfMatch() version: number,
    @Body() body: UpdateNamespace,
  ): Promise<StoredNamespace> {
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
