import { Body, Controller, Get, Headers, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Actor, Answers, AnswersPage, Begins, type Page, PageQuery, Workspace } from '@percorso/access';
import { ReplayDeadLetters, ReplayView } from './replay.dto';
import { Replays } from './replays';

@ApiTags('Dead letters')
@Controller('v1')
export class ReplayController {
  constructor(private readonly replays: Replays) {}

  @Post('dead-letters/replay')
  @Begins(
    'syncs:write',
    'Begin to map dead letters again, by the newest mapping, and to send them at a pace',
    ReplayView,
  )
  begin(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Body() dto: ReplayDeadLetters,
  ): Promise<ReplayView> {
    return this.replays.begin(workspaceId, actor, dto, idempotencyKey);
  }

  @Get('replays')
  @AnswersPage('syncs:read', 'List replays of dead letters, the newest first', ReplayView, 'Replays.')
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<ReplayView>> {
    return this.replays.list(workspaceId, query);
  }

  @Get('replays/:id')
  @Answers('syncs:read', 'How far a replay is, and what came of its rows', ReplayView)
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<ReplayView> {
    return this.replays.get(workspaceId, id);
  }

  @Post('replays/:id/pause')
  @Answers('syncs:write', 'Pause a replay: what is on its way goes on, nothing more is opened', ReplayView)
  pause(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<ReplayView> {
    return this.replays.pause(workspaceId, actor, id);
  }

  @Post('replays/:id/resume')
  @Answers('syncs:write', 'Go on with a paused replay', ReplayView)
  resume(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<ReplayView> {
    return this.replays.resume(workspaceId, actor, id);
  }

  @Post('replays/:id/cancel')
  @Answers(
    'syncs:write',
    'End a replay: calls in hand are finished, what waits is a dead letter again',
    ReplayView,
  )
  cancel(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<ReplayView> {
    return this.replays.cancel(workspaceId, actor, id);
  }
}
