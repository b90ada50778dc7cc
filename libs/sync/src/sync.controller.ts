import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import {
  type AccessContext,
  Actor,
  allows,
  Caller,
  Etag,
  IfMatch,
  type Page,
  PageAnswer,
  PageQuery,
  Scopes,
  Workspace,
} from '@percorso/access';
import { DryRun } from './dry-run';
import { DryRunPage } from './dry-run.dto';
import { RunService } from './run.service';
import { CreateSync, ReconciliationView, RunView, StartedRun, SyncView, UpdateSync } from './sync.dto';
import { SyncService } from './sync.service';
import { TurnRoute } from './turn-route';

@ApiTags('Syncs')
@Controller('v1/syncs')
export class SyncController {
  constructor(
    private readonly syncs: SyncService,
    private readonly runs: RunService,
    private readonly trial: DryRun,
  ) {}

  @Post()
  @Scopes('syncs:write')
  @Etag()
  @ApiOperation({ summary: 'Bind an audience to a connector through a mapping' })
  @ApiCreatedResponse({ type: SyncView })
  create(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() dto: CreateSync,
  ): Promise<SyncView> {
    return this.syncs.create(workspaceId, actor, dto);
  }

  @Get()
  @Scopes('syncs:read')
  @ApiOperation({ summary: 'List syncs' })
  @PageAnswer(SyncView, 'Syncs.')
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<SyncView>> {
    return this.syncs.list(workspaceId, query);
  }

  @Get(':id')
  @Scopes('syncs:read')
  @Etag()
  @ApiOperation({ summary: 'Read a sync' })
  @ApiOkResponse({ type: SyncView })
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<SyncView> {
    return this.syncs.get(workspaceId, id);
  }

  @Patch(':id')
  @Scopes('syncs:write')
  @Etag()
  @ApiOperation({ summary: 'Change the name, the mode or the triggers of a sync' })
  @ApiOkResponse({ type: SyncView })
  update(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @IfMatch() version: number,
    @Body() dto: UpdateSync,
  ): Promise<SyncView> {
    return this.syncs.update(workspaceId, actor, id, version, dto);
  }

  @Post(':id/run')
  @Scopes('syncs:write')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Begin a run: what it tells follows from the mode; the first one tells every member',
  })
  @ApiAcceptedResponse({ type: StartedRun })
  async run(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<StartedRun> {
    return { run: await this.syncs.run(workspaceId, actor, id) };
  }

  @Get(':id/dry-run')
  @Scopes('syncs:read')
  @ApiOperation({ summary: 'List what a run would add, update and remove now, and send nothing' })
  @ApiOkResponse({ type: DryRunPage })
  dryRun(
    @Workspace() workspaceId: string,
    @Caller() caller: AccessContext,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<DryRunPage> {
    return this.trial.page(workspaceId, id, query, allows(caller.scopes, ['profiles:read']));
  }

  @TurnRoute(':id/pause', 'Stop planning and sending; what is open waits', SyncView)
  pause(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<SyncView> {
    return this.syncs.setState(workspaceId, actor, id, 'paused');
  }

  @TurnRoute(':id/resume', 'Send again', SyncView)
  resume(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<SyncView> {
    return this.syncs.setState(workspaceId, actor, id, 'active');
  }

  @Get(':id/runs')
  @Scopes('syncs:read')
  @ApiOperation({ summary: 'List the runs of a sync, newest first' })
  @PageAnswer(RunView, 'Runs.')
  listRuns(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<RunView>> {
    return this.runs.list(workspaceId, id, query);
  }

  @Get(':id/reconciliation')
  @Scopes('syncs:read')
  @ApiOperation({ summary: 'Where every current member stands with this sync' })
  @ApiOkResponse({ type: ReconciliationView })
  reconciliation(@Workspace() workspaceId: string, @Param('id') id: string): Promise<ReconciliationView> {
    return this.syncs.reconciliation(workspaceId, id);
  }
}
