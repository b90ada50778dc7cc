import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import { Actor, type Page, PageAnswer, PageQuery, Scopes, Workspace } from '@percorso/access';
import { IsIn, IsOptional } from 'class-validator';
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
  constructor(private readonly runs: RunService) {}

  @Get(':id')
  @Scopes('syncs:read')
  @ApiOperation({ summary: 'How far a run is' })
  @ApiOkResponse({ type: RunView })
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<RunView> {
    return this.runs.get(workspaceId, id);
  }

  @Get(':id/rows')
  @Scopes('syncs:read')
  @ApiOperation({ summary: 'Every row of a run with its verdict' })
  @PageAnswer(RunRowView, 'Rows.')
  rows(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: RowsQuery,
  ): Promise<Page<RunRowView>> {
    return this.runs.rows(workspaceId, id, query, query.state === undefined ? undefined : [query.state]);
  }

  @Get(':id/dead-letters')
  @Scopes('syncs:read')
  @ApiOperation({ summary: 'Rows that were rejected, dropped by the mapping, or whose outcome is unknown' })
  @PageAnswer(RunRowView, 'Rows.')
  deadLetters(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<RunRowView>> {
    return this.runs.deadLetters(workspaceId, id, query);
  }

  @Post(':id/retry')
  @Scopes('syncs:write')
  @HttpCode(202)
  @ApiOperation({ summary: 'Map rejected and dropped rows again, by the newest mapping, and send them' })
  @ApiAcceptedResponse({ type: RunView })
  retry(@Workspace() workspaceId: string, @Actor() actor: string, @Param('id') id: string): Promise<RunView> {
    return this.runs.retry(workspaceId, actor, id);
  }
}
