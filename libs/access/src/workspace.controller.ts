import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AccessContext } from './access-context';
import { Answers, AnswersPage, Creates } from './answer.decorators';
import { Etag, IfMatch } from './etag';
import { Page, PageQuery } from './page';
import { Actor, Caller } from './request.decorators';
import { INSTANCE_SCOPE } from './scopes.decorator';
import { ChangeWorkspace, CreatedWorkspace, CreateWorkspace, WorkspaceView } from './workspace.dto';
import { WorkspaceService } from './workspace.service';

@ApiTags('Workspaces')
@Controller('v1/workspaces')
export class WorkspaceController {
  constructor(private readonly workspaces: WorkspaceService) {}

  @Post()
  @Etag()
  @Creates(
    INSTANCE_SCOPE,
    'Create a workspace and its first API key',
    CreatedWorkspace,
    'The workspace; its key is shown this once.',
  )
  create(@Body() body: CreateWorkspace, @Actor() actor: string): Promise<CreatedWorkspace> {
    return this.workspaces.create(body, actor);
  }

  @Get()
  @AnswersPage(INSTANCE_SCOPE, 'List workspaces', WorkspaceView, 'Workspaces, oldest first.')
  list(@Query() query: PageQuery): Promise<Page<WorkspaceView>> {
    return this.workspaces.list(query);
  }

  @Get(':id')
  @Etag()
  @Answers(['workspaces:read', INSTANCE_SCOPE], 'Read a workspace', WorkspaceView, 'The workspace.')
  get(@Param('id') id: string, @Caller() caller: AccessContext): Promise<WorkspaceView> {
    return this.workspaces.get(id, caller);
  }

  @Patch(':id')
  @Etag()
  @Answers(
    ['workspaces:write', INSTANCE_SCOPE],
    'Rename a workspace or change its settings',
    WorkspaceView,
    'The workspace as it now is.',
  )
  change(
    @Param('id') id: string,
    @Body() body: ChangeWorkspace,
    @IfMatch() version: number,
    @Caller() caller: AccessContext,
  ): Promise<WorkspaceView> {
    return this.workspaces.change(id, body, version, caller);
  }
}
