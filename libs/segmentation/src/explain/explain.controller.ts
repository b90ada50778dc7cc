import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Answers, Workspace } from '@percorso/access';
import { isId, Problem } from '@percorso/kernel';
import { ExplainQuery, ExplainView } from './explain.dto';
import { ExplainService } from './explain.service';

@ApiTags('Audiences')
@Controller('v1/audiences')
export class ExplainController {
  constructor(private readonly explanations: ExplainService) {}

  @Get(':id/explain')
  @Answers(
    ['audiences:read', 'profiles:read'],
    'Say why a profile is in an audience, or is not',
    ExplainView,
    "The definition, condition by condition, with what was looked at. Identities and merges are today's, whatever the moment.",
  )
  explain(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() { profile, at }: ExplainQuery,
  ): Promise<ExplainView> {
    if (!isId(id)) throw Problem.notFound('Audience');
    return this.explanations.explain(workspaceId, id, profile, at === undefined ? undefined : new Date(at));
  }
}
