import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Actor, type Page, PageAnswer, PageQuery, Scopes, Workspace } from '@percorso/access';
import { ReplayDeadLetters, ReplayView } from './replay.dto';
import { Replays } from './replays';
import { TurnRoute } from '../turn-route';

@ApiTags('Dead letters')
@Controller('v1')
export class ReplayController {
  constructor(private readonly replays: Replays) {}

  @Post('dead-letters/replay')
  @Scopes('syncs:write')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Begin to map dead letters again, by the newest mapping, and to send them at a pace',
  })
  @ApiAcceptedResponse({ type: ReplayView })
  begin(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Body() dto: ReplayDeadLetters,
  ): Promise<ReplayView> {
    return this.replays.begin(workspaceId, actor, dto, idempotencyKey);
  }

  @Get('replays')
  @Scopes('syncs:read')
  @ApiOperation({ summary: 'List replays of dead letters, the newest first' })
  @PageAnswer(ReplayView, 'Replays.')
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<ReplayView>> {
    return this.replays.list(workspaceId, query);
  }

  @Get('replays/:id')
  @Scopes('syncs:read')
  @ApiOperation({ summary: 'How far a replay is, and what came of its rows' })
  @ApiOkResponse({ type: ReplayView })
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<ReplayView> {
    return this.replays.get(workspaceId, id);
  }

  @TurnRoute(
    'replays/:id/pause',
    'Pause a replay: what is on its way goes on, nothing more is opened',
    ReplayView,
  )
  pause(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<ReplayView> {
    return this.replays.pause(workspaceId, actor, id);
  }

  @TurnRoute('replays/:id/resume', 'Go on with a paused replay', ReplayView)
  resume(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<ReplayView> {
    return this.replays.resume(workspaceId, actor, id);
  }

  @TurnRoute(
    'replays/:id/cancel',
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
