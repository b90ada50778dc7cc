import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  type AccessContext,
  Actor,
  allows,
  Caller,
  type Page,
  PageAnswer,
  QuotesPersons,
  Scopes,
  Workspace,
} from '@percorso/access';
import {
  DeadLetterDetail,
  DeadLetterFilter,
  DeadLetterGroup,
  DeadLetterQuery,
  DeadLetterView,
  DiscardDeadLetters,
  DiscardView,
  PreviewDeadLetter,
  PreviewDeadLetters,
  PreviewsView,
  PreviewView,
} from './dead-letter.dto';
import { DeadLetters } from './dead-letters';

const shows = ({ scopes }: AccessContext): boolean => allows(scopes, ['profiles:read']);

@ApiTags('Dead letters')
@Controller('v1/dead-letters')
export class DeadLetterController {
  constructor(private readonly letters: DeadLetters) {}

  @Get()
  @Scopes('syncs:read')
  @ApiOperation({ summary: 'List rows that were rejected, dropped by the mapping, or are unknown for good' })
  @PageAnswer(DeadLetterView, 'Dead letters, the oldest first.')
  list(
    @Workspace() workspaceId: string,
    @Caller() caller: AccessContext,
    @Query() query: DeadLetterQuery,
  ): Promise<Page<DeadLetterView>> {
    return this.letters.list(workspaceId, query, shows(caller));
  }

  @Get('groups')
  @Scopes('syncs:read')
  @ApiOperation({ summary: 'Count dead letters by sync, reason and field' })
  @PageAnswer(DeadLetterGroup, 'Groups, the largest first, 1,000 at most.')
  groups(
    @Workspace() workspaceId: string,
    @Query() filter: DeadLetterFilter,
  ): Promise<Page<DeadLetterGroup>> {
    return this.letters.groups(workspaceId, filter);
  }

  @Post('preview')
  @QuotesPersons()
  @HttpCode(200)
  @Scopes('syncs:read', 'profiles:read')
  @ApiOperation({ summary: 'What a replay would come to, by the newest mappings or one that you give' })
  @ApiOkResponse({ type: PreviewsView })
  previewAll(@Workspace() workspaceId: string, @Body() dto: PreviewDeadLetters): Promise<PreviewsView> {
    return this.letters.previewAll(workspaceId, dto);
  }

  @Post('discard')
  @Scopes('syncs:write')
  @HttpCode(200)
  @ApiOperation({ summary: 'Put dead letters aside, with a note' })
  @ApiOkResponse({ type: DiscardView })
  discard(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() dto: DiscardDeadLetters,
  ): Promise<DiscardView> {
    return this.letters.discard(workspaceId, actor, dto);
  }

  @Get(':id')
  @Scopes('syncs:read')
  @ApiOperation({ summary: 'A dead letter with what was sent, what came back, and every try' })
  @ApiOkResponse({ type: DeadLetterDetail })
  get(
    @Workspace() workspaceId: string,
    @Caller() caller: AccessContext,
    @Param('id') id: string,
  ): Promise<DeadLetterDetail> {
    return this.letters.get(workspaceId, id, shows(caller));
  }

  @Post(':id/preview')
  @QuotesPersons()
  @HttpCode(200)
  @Scopes('syncs:read', 'profiles:read')
  @ApiOperation({ summary: 'What a dead letter would be, by the newest mapping or one that you give' })
  @ApiOkResponse({ type: PreviewView })
  preview(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Body() dto: PreviewDeadLetter,
  ): Promise<PreviewView> {
    return this.letters.preview(workspaceId, id, dto);
  }
}
