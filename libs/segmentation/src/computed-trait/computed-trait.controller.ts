import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Actor, Etag, IfMatch, type Page, PageAnswer, PageQuery, Scopes, Workspace } from '@percorso/access';
import { ComputedTraitView, CreateComputedTrait, PutComputedTrait } from './computed-trait.dto';
import { ComputedTraitService } from './computed-trait.service';

@ApiTags('Computed traits')
@Controller('v1/computed-traits')
export class ComputedTraitController {
  constructor(private readonly traits: ComputedTraitService) {}

  @Post()
  @Scopes('traits:write')
  @Etag()
  @ApiOperation({ summary: 'Define a computed trait' })
  @ApiCreatedResponse({
    type: ComputedTraitView,
    description: 'The trait; everybody’s value is being computed, and kept from then on.',
  })
  create(
    @Workspace() workspaceId: string,
    @Body() body: CreateComputedTrait,
    @Actor() actor: string,
  ): Promise<ComputedTraitView> {
    return this.traits.create(workspaceId, body, actor);
  }

  @Get()
  @Scopes('traits:read')
  @ApiOperation({ summary: 'List computed traits' })
  @PageAnswer(ComputedTraitView, 'By key.')
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<ComputedTraitView>> {
    return this.traits.list(workspaceId, query);
  }

  @Get(':key')
  @Scopes('traits:read')
  @Etag()
  @ApiOperation({ summary: 'Read a computed trait' })
  @ApiOkResponse({ type: ComputedTraitView, description: 'The trait.' })
  get(@Workspace() workspaceId: string, @Param('key') key: string): Promise<ComputedTraitView> {
    return this.traits.get(workspaceId, key);
  }

  @Put(':key')
  @Scopes('traits:write')
  @Etag()
  @ApiOperation({ summary: 'Redefine a computed trait' })
  @ApiOkResponse({ type: ComputedTraitView, description: 'The trait as it now is; values follow.' })
  put(
    @Workspace() workspaceId: string,
    @Param('key') key: string,
    @Body() body: PutComputedTrait,
    @IfMatch() version: number,
    @Actor() actor: string,
  ): Promise<ComputedTraitView> {
    return this.traits.put(workspaceId, key, body, version, actor);
  }

  @Delete(':key')
  @HttpCode(204)
  @Scopes('traits:write')
  @ApiOperation({ summary: 'Delete a computed trait' })
  @ApiNoContentResponse({ description: 'It is kept no more, and is being taken away from every profile.' })
  remove(@Workspace() workspaceId: string, @Param('key') key: string, @Actor() actor: string): Promise<void> {
    return this.traits.remove(workspaceId, key, actor);
  }
}
