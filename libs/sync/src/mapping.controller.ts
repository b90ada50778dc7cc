import { Body, Controller, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
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
import {
  CreateMapping,
  MappingExpression,
  MappingView,
  ReplaceMapping,
  TryMapping,
  TryView,
  ValidationView,
} from './mapping.dto';
import { MappingService } from './mapping.service';

@ApiTags('Mappings')
@Controller('v1/mappings')
export class MappingController {
  constructor(private readonly mappings: MappingService) {}

  @Post()
  @Scopes('mappings:write')
  @Etag()
  @ApiOperation({ summary: 'Save a JSONata mapping' })
  @ApiCreatedResponse({ type: MappingView })
  create(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() dto: CreateMapping,
  ): Promise<MappingView> {
    return this.mappings.create(workspaceId, actor, dto);
  }

  @Get()
  @Scopes('mappings:read')
  @ApiOperation({ summary: 'List mappings' })
  @PageAnswer(MappingView, 'Mappings.')
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<MappingView>> {
    return this.mappings.list(workspaceId, query);
  }

  @Post('validate')
  @HttpCode(200)
  @Scopes('mappings:read')
  @ApiOperation({ summary: 'Whether an expression compiles, and what is wrong where' })
  @ApiOkResponse({ type: ValidationView })
  validate(@Body() { expression }: MappingExpression): Promise<ValidationView> {
    return this.mappings.validate(expression);
  }

  @Post('try')
  @QuotesPersons()
  @HttpCode(200)
  @Scopes('mappings:write', 'profiles:read')
  @ApiOperation({ summary: 'Map profiles or documents without sending anything' })
  @ApiOkResponse({ type: TryView })
  try(@Workspace() workspaceId: string, @Body() dto: TryMapping): Promise<TryView> {
    return this.mappings.try(workspaceId, dto);
  }

  @Get(':id')
  @Scopes('mappings:read')
  @Etag()
  @ApiOperation({ summary: 'Read a mapping' })
  @ApiOkResponse({ type: MappingView })
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<MappingView> {
    return this.mappings.get(workspaceId, id);
  }

  @Put(':id')
  @Scopes('mappings:write')
  @Etag()
  @ApiOperation({ summary: 'Save a new version of a mapping; syncs use it from their next run on' })
  @ApiOkResponse({ type: MappingView })
  replace(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @IfMatch() version: number,
    @Body() dto: ReplaceMapping,
  ): Promise<MappingView> {
    return this.mappings.replace(workspaceId, actor, id, version, dto);
  }
}
