import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Actor, Page, PageAnswer, PageQuery, Scopes, Workspace } from '@percorso/access';
import { isId, Problem } from '@percorso/kernel';
import { MergeView } from './profile-parts.view';
import { ProfileQueries } from './profile.queries';
import { ProfileService } from './profile.service';

@ApiTags('profiles')
@Controller('v1/merges')
export class MergeController {
  constructor(
    private readonly queries: ProfileQueries,
    private readonly profiles: ProfileService,
  ) {}

  @Get()
  @Scopes('profiles:read')
  @PageAnswer(MergeView, 'Oldest first.')
  list(@Workspace() workspaceId: string, @Query() page: PageQuery): Promise<Page<MergeView>> {
    return this.queries.merges(workspaceId, page);
  }

  @Post(':id/reverse')
  @Scopes('profiles:write')
  @HttpCode(200)
  @ApiOkResponse({ type: MergeView })
  async reverse(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<MergeView> {
    if (!isId(id)) throw Problem.notFound('Merge');
    const merge = await this.profiles.unmerge(workspaceId, actor, id);
    return this.queries.mergeView(workspaceId, merge);
  }
}
