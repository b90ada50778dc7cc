import { Body, Controller, Get, Put, Query } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Actor, Etag, IfMatch, Page, PageAnswer, PageQuery, Scopes, Workspace } from '@percorso/access';
import { MergePolicyView, PutMergePolicy, TraitRuleView } from './merge-policy.dto';
import { MergePolicyService } from './merge-policy.service';

@ApiTags('profiles')
@ApiExtraModels(TraitRuleView)
@Controller('v1/merge-policy')
export class MergePolicyController {
  constructor(private readonly policies: MergePolicyService) {}

  @Get()
  @Scopes('merge-policy:read')
  @Etag()
  @ApiOperation({ summary: 'Which source’s value of a trait counts, and how far that is carried out' })
  @ApiOkResponse({ type: MergePolicyView })
  get(@Workspace() workspaceId: string): Promise<MergePolicyView> {
    return this.policies.get(workspaceId);
  }

  @Put()
  @Scopes('merge-policy:write')
  @Etag()
  @ApiOperation({ summary: 'Say which source’s value of a trait counts' })
  @ApiOkResponse({ type: MergePolicyView, description: 'The version in force now.' })
  put(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @IfMatch() version: number,
    @Body() body: PutMergePolicy,
  ): Promise<MergePolicyView> {
    return this.policies.put(workspaceId, actor, version, body);
  }

  @Get('versions')
  @Scopes('merge-policy:read')
  @ApiOperation({ summary: 'List all versions' })
  @PageAnswer(MergePolicyView, 'The newest first.')
  versions(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<MergePolicyView>> {
    return this.policies.versions(workspaceId, query);
  }
}
