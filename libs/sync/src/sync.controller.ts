import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  type AccessContext,
  Actor,
  allows,
  Answers,
  AnswersPage,
  Begins,
  Caller,
  Creates,
  Etag,
  IfMatch,
  type Page,
  PageQuery,
  Workspace,
} from '@percorso/access';
import { DryRun } from './dry-run';
import { DryRunPage } from './dry-run.dto';
import { RunService } from './run.service';
import { CreateSync, ReconciliationView, RunView, StartedRun, SyncView, UpdateSync } from './sync.dto';
import { SyncService } from './sync.service';

@ApiTags('Syncs')
@Controller('v1/syncs')
export class SyncController {
  constructor(
    private readonly syncs: SyncService,
    private readonly runs: RunService,
    private readonly trial: DryRun,
  ) {}

  @Post()
  @Etag()
  @Creates('syncs:write', 'Bind an audience to a connector through a mapping', SyncView)
  create(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() dto: CreateSync,
  ): Promise<SyncView> {
    return this.syncs.create(workspaceId, actor, dto);
  }

  @Get()
  @AnswersPage('syncs:read', 'List syncs', SyncView, 'Syncs.')
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<SyncView>> {
    return this.syncs.list(workspaceId, query);
  }

  @Get(':id')
  @Etag()
  @Answers('syncs:read', 'Read a sync', SyncView)
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<SyncView> {
    return this.syncs.get(workspaceId, id);
  }

  @Patch(':id')
  @Etag()
  @Answers('syncs:write', 'Change the name, the mode or the triggers of a sync', SyncView)
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
  @Begins(
    'syncs:write',
    'Begin a run: what it tells follows from the mode; the first one tells every member',
    StartedRun,
  )
  async run(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<StartedRun> {
    return { run: await this.syncs.run(workspaceId, actor, id) };
  }

  @Get(':id/dry-run')
  @Answers('syncs:read', 'List what a run would add, update and remove now, and send nothing', DryRunPage)
  dryRun(
    @Workspace() workspaceId: string,
    @Caller() caller: AccessContext,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<DryRunPage> {
    return this.trial.page(workspaceId, id, query, allows(caller.scopes, ['profiles:read']));
  }

  @Post(':id/pause')
  @Answers('syncs:write', 'Stop planning and sending; what is open waits', SyncView)
  pause(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<SyncView> {
    return this.syncs.setState(workspaceId, actor, id, 'paused');
  }

  @Post(':id/resume')
  @Answers('syncs:write', 'Send again', SyncView)
  resume(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<SyncView> {
    return this.syncs.setState(workspaceId, actor, id, 'active');
  }

  @Get(':id/runs')
  @AnswersPage('syncs:read', 'List the runs of a sync, newest first', RunView, 'Runs.')
  listRuns(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<RunView>> {
    return this.runs.list(workspaceId, id, query);
  }

  @Get(':id/reconciliation')
  @Answers('syncs:read', 'Where every current member stands with this sync', ReconciliationView)
  reconciliation(@Workspace() workspaceId: string, @Param('id') id: string): Promise<ReconciliationView> {
    return this.syncs.reconciliation(workspaceId, id);
  }
}
