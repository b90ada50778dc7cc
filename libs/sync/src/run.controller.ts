import { Readable } from 'node:stream';
import { Controller, Get, Headers, Param, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import {
  type AccessContext,
  Actor,
  allows,
  Answers,
  AnswersPage,
  Begins,
  Caller,
  type Page,
  PageQuery,
  Scopes,
  Workspace,
} from '@percorso/access';
import { IsIn, IsOptional } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProgressStreams } from './progress-streams';
import { RunProgressView } from './run-progress.dto';
import { RunService } from './run.service';
import { RunRowView, RunView } from './sync.dto';

const STATES = [
  'pending',
  'sending',
  'accepted',
  'rejected',
  'suppressed',
  'dropped',
  'unknown',
  'superseded',
];

class RowsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: STATES })
  @IsOptional()
  @IsIn(STATES)
  state?: string;
}

@ApiTags('Runs')
@Controller('v1/runs')
export class RunController {
  constructor(
    private readonly runs: RunService,
    private readonly streams: ProgressStreams,
  ) {}

  @Get(':id')
  @Answers('syncs:read', 'How far a run is', RunView)
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<RunView> {
    return this.runs.get(workspaceId, id);
  }

  @Get(':id/rows')
  @AnswersPage('syncs:read', 'Every row of a run with its verdict', RunRowView, 'Rows.')
  rows(
    @Workspace() workspaceId: string,
    @Caller() caller: AccessContext,
    @Param('id') id: string,
    @Query() query: RowsQuery,
  ): Promise<Page<RunRowView>> {
    const states = query.state === undefined ? undefined : [query.state];
    return this.runs.rows(workspaceId, id, query, allows(caller.scopes, ['profiles:read']), states);
  }

  @Get(':id/dead-letters')
  @AnswersPage(
    'syncs:read',
    'Rows that were rejected, dropped by the mapping, or whose outcome is unknown',
    RunRowView,
    'Rows.',
  )
  deadLetters(
    @Workspace() workspaceId: string,
    @Caller() caller: AccessContext,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<RunRowView>> {
    return this.runs.deadLetters(workspaceId, id, query, allows(caller.scopes, ['profiles:read']));
  }

  @Get(':id/progress')
  @Scopes('syncs:read')
  @ApiOperation({ summary: 'Follow a run as server-sent events, until it ends' })
  @ApiProduces('text/event-stream')
  @ApiExtraModels(RunProgressView)
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The id of the last event that was seen.',
  })
  @ApiOkResponse({
    description:
      'Events `progress` when something changed and one `end`, each with an id and a RunProgressView as data; a comment ' +
      'breaks long silence.',
    schema: { type: 'string' },
  })
  @ApiNoContentResponse({ description: 'The end was seen already: nothing follows.' })
  async progress(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const lastSeen = request.headers['last-event-id'];
    const events = await this.streams.open(workspaceId, id, lastSeen?.toString(), gone.signal);
    if (!events) return void (await reply.status(204).send());
    void reply.header('Content-Type', 'text/event-stream').header('X-Accel-Buffering', 'no');
    await reply.send(Readable.from(events, { objectMode: false }));
  }

  @Post(':id/pause')
  @Answers('syncs:write', 'Pause a run, and with it its sync: planning and sending wait', RunView)
  pause(@Workspace() workspaceId: string, @Actor() actor: string, @Param('id') id: string): Promise<RunView> {
    return this.runs.setState(workspaceId, actor, id, 'paused');
  }

  @Post(':id/resume')
  @Answers('syncs:write', 'Go on with a paused run', RunView)
  resume(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<RunView> {
    return this.runs.setState(workspaceId, actor, id, 'active');
  }

  @Post(':id/cancel')
  @Answers(
    'syncs:write',
    'End a run: calls in hand are finished, what waits is let go, removals go on',
    RunView,
  )
  cancel(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<RunView> {
    return this.runs.cancel(workspaceId, actor, id);
  }

  @Post(':id/retry')
  @Begins('syncs:write', 'Map rejected and dropped rows again, by the newest mapping, and send them', RunView)
  retry(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Param('id') id: string,
  ): Promise<RunView> {
    return this.runs.retry(workspaceId, actor, id, idempotencyKey);
  }
}
