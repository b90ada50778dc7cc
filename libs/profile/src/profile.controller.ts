import { Controller, Delete, Get, HttpCode, Param, Query, Res } from '@nestjs/common';
import { ApiExtraModels, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Actor, AnswersPage, Etag, Page, PageAnswer, PageQuery, Scopes, Workspace } from '@percorso/access';
import { isId, Problem } from '@percorso/kernel';
import { EventView, MergeView } from './profile-parts.view';
import { ProfileTraitsQueries } from './merge-policy/profile-traits.queries';
import { ProfileTraitView } from './merge-policy/profile-traits.view';
import { ProfileLookup } from './profile.dto';
import { ProfileQueries } from './profile.queries';
import { ProfileService } from './profile.service';
import { ProfileView, TraitView } from './profile-view';

@ApiTags('profiles')
@ApiExtraModels(TraitView)
@Controller('v1/profiles')
export class ProfileController {
  constructor(
    private readonly queries: ProfileQueries,
    private readonly profiles: ProfileService,
    private readonly said: ProfileTraitsQueries,
  ) {}

  @Get()
  @Scopes('profiles:read')
  @PageAnswer(ProfileView, 'The profile the identity belongs to: none or one.')
  find(@Workspace() workspaceId: string, @Query() query: ProfileLookup): Promise<Page<ProfileView>> {
    return this.queries.find(workspaceId, query.namespace, query.value);
  }

  @Get(':id')
  @Scopes('profiles:read')
  @Etag()
  @ApiOkResponse({ type: ProfileView })
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<ProfileView> {
    return this.queries.get(workspaceId, id);
  }

  @Get(':id/traits')
  @AnswersPage(
    'profiles:read',
    'What every source says of each trait, and which of it counts',
    ProfileTraitView,
    'By name, all in one page.',
  )
  traits(@Workspace() workspaceId: string, @Param('id') id: string): Promise<Page<ProfileTraitView>> {
    return this.said.traits(workspaceId, id);
  }

  @Get(':id/events')
  @Scopes('profiles:read')
  @PageAnswer(EventView, 'The latest first.')
  events(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() page: PageQuery,
  ): Promise<Page<EventView>> {
    return this.queries.events(workspaceId, id, page);
  }

  @Get(':id/merges')
  @Scopes('profiles:read')
  @PageAnswer(MergeView, 'Oldest first.')
  merges(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() page: PageQuery,
  ): Promise<Page<MergeView>> {
    return this.queries.merges(workspaceId, page, id);
  }

  @Delete(':id')
  @Scopes('profiles:write')
  @HttpCode(204)
  @ApiNoContentResponse({
    description: 'An erasure has begun.',
    headers: { Location: { description: 'Where to follow it.', schema: { type: 'string' } } },
  })
  async delete(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: { header(name: string, value: string): unknown },
  ): Promise<void> {
    if (!isId(id)) throw Problem.notFound('Profile');
    reply.header('Location', `/v1/erasures/${await this.profiles.delete(workspaceId, actor, id)}`);
  }
}
