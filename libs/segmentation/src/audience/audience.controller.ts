import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import {
  Actor,
  Etag,
  IfMatch,
  type Page,
  PageAnswer,
  PageQuery,
  QuotesPersons,
  Scopes,
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
  @Scopes('audiences:write')
  @Etag()
  @ApiOperation({ summary: 'Create an audience' })
  @ApiCreatedResponse({
    type: AudienceView,
    description: 'The audience; its first evaluation has been asked for.',
  })
  create(
    @Workspace() workspaceId: string,
    @Body() body: CreateAudience,
    @Actor() actor: string,
  ): Promise<AudienceView> {
    return this.audiences.create(workspaceId, body, actor);
  }

  @Get()
  @Scopes('audiences:read')
  @ApiOperation({ summary: 'List audiences' })
  @PageAnswer(AudienceView, 'Audiences that are not archived, oldest first.')
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<AudienceView>> {
    return this.audiences.list(workspaceId, query);
  }

  @Post('preview')
  @QuotesPersons()
  @HttpCode(200)
  @Scopes('audiences:read')
  @ApiOperation({ summary: 'Count whom a definition would find now' })
  @ApiOkResponse({ type: PreviewView, description: 'The count and some of the profiles.' })
  preview(@Workspace() workspaceId: string, @Body() body: PreviewAudience): Promise<PreviewView> {
    return this.previews.preview(workspaceId, body);
  }

  @Get(':id')
  @Scopes('audiences:read')
  @Etag()
  @ApiOperation({ summary: 'Read an audience' })
  @ApiOkResponse({ type: AudienceView, description: 'The audience.' })
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<AudienceView> {
    return this.audiences.get(workspaceId, id);
  }

  @Patch(':id')
  @Scopes('audiences:write')
  @Etag()
  @ApiOperation({ summary: 'Rename or redefine an audience' })
  @ApiOkResponse({
    type: AudienceView,
    description: 'The audience as it now is; members follow an evaluation.',
  })
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
  @HttpCode(204)
  @Scopes('audiences:write')
  @ApiOperation({ summary: 'Archive an audience' })
  @ApiNoContentResponse({ description: 'It is archived.' })
  archive(@Workspace() workspaceId: string, @Param('id') id: string, @Actor() actor: string): Promise<void> {
    return this.audiences.archive(workspaceId, id, actor);
  }

  @Post(':id/evaluate')
  @HttpCode(202)
  @Scopes('audiences:write')
  @ApiOperation({ summary: 'Bring the members to what the definition says now' })
  @ApiAcceptedResponse({
    type: EvaluationView,
    description: 'The evaluation; Location is where to follow it.',
  })
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
