import { Body, Controller, Get, Put, Query } from '@nestjs/common';
import { ApiExtraModels, ApiTags } from '@nestjs/swagger';
import { Actor, Answers, AnswersPage, Etag, IfMatch, Page, PageQuery, Workspace } from '@percorso/access';
import { MergePolicyView, PutMergePolicy, TraitRuleView } from './merge-policy.dto';
import { MergePolicyService } from './merge-policy.service';

@ApiTags('profiles')
@ApiExtraModels(TraitRuleView)
@Controller('v1/merge-policy')
export class MergePolicyController {
  constructor(private readonly policies: MergePolicyService) {}

  @Get()
  @Etag()
  @Answers(
    'merge-policy:read',
    'Which source’s value of a trait counts, and how far that is carried out',
    MergePolicyView,
  )
  get(@Workspace() workspaceId: string): Promise<MergePolicyView> {
    return this.policies.get(workspaceId);
  }

  @Put()
  @Etag()
  @Answers(
    'merge-policy:write',
    'Say which source’s value of a trait counts',
    MergePolicyView,
    'The version in force now.',
  )
  put(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @IfMatch() version: number,
    @Body() body: PutMergePolicy,
  ): Promise<MergePolicyView> {
    return this.policies.put(workspaceId, actor, version, body);
  }

  @Get('versions')
  @AnswersPage('merge-policy:read', 'List all versions', MergePolicyView, 'The newest first.')
  versions(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<MergePolicyView>> {
    return this.policies.versions(workspaceId, query);
  }
}
