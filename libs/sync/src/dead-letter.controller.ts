import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  type AccessContext,
  Actor,
  allows,
  Answers,
  AnswersPage,
  Caller,
  type Page,
  QuotesPersons,
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
  @AnswersPage(
    'syncs:read',
    'List rows that were rejected, dropped by the mapping, or are unknown for good',
    DeadLetterView,
    'Dead letters, the oldest first.',
  )
  list(
    @Workspace() workspaceId: string,
    @Caller() caller: AccessContext,
    @Query() query: DeadLetterQuery,
  ): Promise<Page<DeadLetterView>> {
    return this.letters.list(workspaceId, query, shows(caller));
  }

  @Get('groups')
  @AnswersPage(
    'syncs:read',
    'Count dead letters by sync, reason and field',
    DeadLetterGroup,
    'Groups, the largest first, 1,000 at most.',
  )
  groups(
    @Workspace() workspaceId: string,
    @Query() filter: DeadLetterFilter,
  ): Promise<Page<DeadLetterGroup>> {
    return this.letters.groups(workspaceId, filter);
  }

  @Post('preview')
  @QuotesPersons()
  @Answers(
    ['syncs:read', 'profiles:read'],
    'What a replay would come to, by the newest mappings or one that you give',
    PreviewsView,
  )
  previewAll(@Workspace() workspaceId: string, @Body() dto: PreviewDeadLetters): Promise<PreviewsView> {
    return this.letters.previewAll(workspaceId, dto);
  }

  @Post('discard')
  @Answers('syncs:write', 'Put dead letters aside, with a note', DiscardView)
  discard(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() dto: DiscardDeadLetters,
  ): Promise<DiscardView> {
    return this.letters.discard(workspaceId, actor, dto);
  }

  @Get(':id')
  @Answers('syncs:read', 'A dead letter with what was sent, what came back, and every try', DeadLetterDetail)
  get(
    @Workspace() workspaceId: string,
    @Caller() caller: AccessContext,
    @Param('id') id: string,
  ): Promise<DeadLetterDetail> {
    return this.letters.get(workspaceId, id, shows(caller));
  }

  @Post(':id/preview')
  @QuotesPersons()
  @Answers(
    ['syncs:read', 'profiles:read'],
    'What a dead letter would be, by the newest mapping or one that you give',
    PreviewView,
  )
  preview(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Body() dto: PreviewDeadLetter,
  ): Promise<PreviewView> {
    return this.letters.preview(workspaceId, id, dto);
  }
}
