import { Body, Controller, Delete, Get, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  Actor,
  Answers,
  AnswersPage,
  Creates,
  Etag,
  IfMatch,
  type Page,
  PageQuery,
  Removes,
  Workspace,
} from '@percorso/access';
import { ComputedTraitView, CreateComputedTrait, PutComputedTrait } from './computed-trait.dto';
import { ComputedTraitService } from './computed-trait.service';

@ApiTags('Computed traits')
@Controller('v1/computed-traits')
export class ComputedTraitController {
  constructor(private readonly traits: ComputedTraitService) {}

  @Post()
  @Etag()
  @Creates(
    'traits:write',
    'Define a computed trait',
    ComputedTraitView,
    'The trait; everybody’s value is being computed, and kept from then on.',
  )
  create(
    @Workspace() workspaceId: string,
    @Body() body: CreateComputedTrait,
    @Actor() actor: string,
  ): Promise<ComputedTraitView> {
    return this.traits.create(workspaceId, body, actor);
  }

  @Get()
  @AnswersPage('traits:read', 'List computed traits', ComputedTraitView, 'By key.')
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<ComputedTraitView>> {
    return this.traits.list(workspaceId, query);
  }

  @Get(':key')
  @Etag()
  @Answers('traits:read', 'Read a computed trait', ComputedTraitView, 'The trait.')
  get(@Workspace() workspaceId: string, @Param('key') key: string): Promise<ComputedTraitView> {
    return this.traits.get(workspaceId, key);
  }

  @Put(':key')
  @Etag()
  @Answers(
    'traits:write',
    'Redefine a computed trait',
    ComputedTraitView,
    'The trait as it now is; values follow.',
  )
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
  @Removes(
    'traits:write',
    'Delete a computed trait',
    'It is kept no more, and is being taken away from every profile.',
  )
  remove(@Workspace() workspaceId: string, @Param('key') key: string, @Actor() actor: string): Promise<void> {
    return this.traits.remove(workspaceId, key, actor);
  }
}
