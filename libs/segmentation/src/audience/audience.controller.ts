import { Body, Controller, Delete, Get, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  Actor,
  Answers,
  AnswersPage,
  Begins,
  Creates,
  Etag,
  IfMatch,
  type Page,
  PageQuery,
  QuotesPersons,
  Removes,
  Workspace,
} from '@percorso/access';
import type { FastifyReply } from 'fastify';
import { EvaluationService } from '../evaluation/evaluation.service';
import {
  AudienceView,
  ChangeAudience,
  CreateAudience,
  EvaluationView,
  PreviewAudience,
  PreviewView,
} from './audience.dto';
import { AudienceService } from './audience.service';
import { evaluationView } from './audience.view';
import { PreviewService } from './preview.service';

@ApiTags('Audiences')
@Controller('v1/audiences')
export class AudienceController {
  constructor(
    private readonly audiences: AudienceService,
    private readonly previews: PreviewService,
    private readonly evaluations: EvaluationService,
  ) {}

  @Post()
  @Etag()
  @Creates(
    'audiences:write',
    'Create an audience',
    AudienceView,
    'The audience; its first evaluation has been asked for.',
  )
  create(
    @Workspace() workspaceId: string,
    @Body() body: CreateAudience,
    @Actor() actor: string,
  ): Promise<AudienceView> {
    return this.audiences.create(workspaceId, body, actor);
  }

  @Get()
  @AnswersPage(
    'audiences:read',
    'List audiences',
    AudienceView,
    'Audiences that are not archived, oldest first.',
  )
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<AudienceView>> {
    return this.audiences.list(workspaceId, query);
  }

  @Post('preview')
  @QuotesPersons()
  @Answers(
    'audiences:read',
    'Count whom a definition would find now',
    PreviewView,
    'The count and some of the profiles.',
  )
  preview(@Workspace() workspaceId: string, @Body() body: PreviewAudience): Promise<PreviewView> {
    return this.previews.preview(workspaceId, body);
  }

  @Get(':id')
  @Etag()
  @Answers('audiences:read', 'Read an audience', AudienceView, 'The audience.')
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<AudienceView> {
    return this.audiences.get(workspaceId, id);
  }

  @Patch(':id')
  @Etag()
  @Answers(
    'audiences:write',
    'Rename or redefine an audience',
    AudienceView,
    'The audience as it now is; members follow an evaluation.',
  )
  change(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Body() body: ChangeAudience,
    @IfMatch() version: number,
    @Actor() actor: string,
  ): Promise<AudienceView> {
    return this.audiences.change(workspaceId, id, body, version, actor);
  }

  @Delete(':id')
  @Removes('audiences:write', 'Archive an audience', 'It is archived.')
  archive(@Workspace() workspaceId: string, @Param('id') id: string, @Actor() actor: string): Promise<void> {
    return this.audiences.archive(workspaceId, id, actor);
  }

  @Post(':id/evaluate')
  @Begins(
    'audiences:write',
    'Bring the members to what the definition says now',
    EvaluationView,
    'The evaluation; Location is where to follow it.',
  )
  async evaluate(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Actor() actor: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EvaluationView> {
    const evaluation = await this.evaluations.request(workspaceId, id, actor);
    void reply.header('Location', `/v1/evaluations/${evaluation.id}`);
    return evaluationView(evaluation);
  }
}
