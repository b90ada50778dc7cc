import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AccessContext } from './access-context';
import { PageAnswer } from './described';
import { Etag, IfMatch } from './etag';
import { Page, PageQuery } from './page';
import { Actor, Caller } from './request.decorators';
import { INSTANCE_SCOPE, Scopes } from './scopes.decorator';
import { ChangeWorkspace, CreatedWorkspace, CreateWorkspace, WorkspaceView } from './workspace.dto';
import { WorkspaceService } from './workspace.service';

@ApiTags('Workspaces')
@Controller('v1/workspaces')
export class WorkspaceController {
  constructor(private readonly workspaces: WorkspaceService) {}

  @Post()
  @Scopes(INSTANCE_SCOPE)
  @Etag()
  @ApiOperation({ summary: 'Create a workspace and its first API key' })
  @ApiCreatedResponse({ type: CreatedWorkspace, description: 'The workspace; its key is shown this once.' })
  create(@Body() body: CreateWorkspace, @Actor() actor: string): Promise<CreatedWorkspace> {
    return this.workspaces.create(body, actor);
  }

  @Get()
  @Scopes(INSTANCE_SCOPE)
  @ApiOperation({ summary: 'List workspaces' })
  @PageAnswer(WorkspaceView, 'Workspaces, oldest first.')
  list(@Query() query: PageQuery): Promise<Page<WorkspaceView>> {
    return this.workspaces.list(query);
  }

  @Get(':id')
  @Scopes('workspaces:read', INSTANCE_SCOPE)
  @Etag()
  @ApiOperation({ summary: 'Read a workspace' })
  @ApiOkResponse({ type: WorkspaceView, description: 'The workspace.' })
  get(@Param('id') id: string, @Caller() caller: AccessContext): Promise<WorkspaceView> {
    return this.workspaces.get(id, caller);
  }

  @Patch(':id')
  @Scopes('workspaces:write', INSTANCE_SCOPE)
  @Etag()
  @ApiOperation({ summary: 'Rename a workspace or change its settings' })
  @ApiOkResponse({ type: WorkspaceView, description: 'The workspace as it now is.' })
  change(
    @Param('id') id: string,
    @Body() body: ChangeWorkspace,
    @IfMatch() version: number,
    @Caller() caller: AccessContext,
  ): Promise<WorkspaceView> {
    return this.workspaces.change(id, body, version, caller);
  }
}
