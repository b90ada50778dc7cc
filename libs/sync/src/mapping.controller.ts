import {
  Body,
  Controller,
  Get,
  HttpCode,
  Injectable,
  Param,
  type PipeTransform,
  Post,
  Put,
  Query,
} from '@nestjs/common';
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
  MappingDiff,
  MappingExpression,
  MappingVersionView,
  MappingView,
  ReplaceMapping,
  RollbackMapping,
  TryMapping,
  TryView,
  ValidationView,
  VersionsCompared,
} from './mapping.dto';
import { MappingTrial } from './mapping-trial';
import { MappingService } from './mapping.service';

/** What is no number names no version: 404. */
@Injectable()
class VersionPipe implements PipeTransform<string, number> {
  transform(text: string): number {
    return /^\d{1,9}$/.test(text) ? Number(text) : 0;
  }
}

@ApiTags('Mappings')
@Controller('v1/mappings')
export class MappingController {
  constructor(
    private readonly mappings: MappingService,
    private readonly trial: MappingTrial,
  ) {}

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
    return this.trial.try(workspaceId, dto);
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

  @Get(':id/versions')
  @Scopes('mappings:read')
  @ApiOperation({ summary: 'List the versions of a mapping, the newest first' })
  @PageAnswer(MappingVersionView, 'Versions.')
  versions(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<MappingVersionView>> {
    return this.mappings.versions(workspaceId, id, query);
  }

  @Get(':id/versions/:version')
  @Scopes('mappings:read')
  @ApiOperation({ summary: 'Read one version of a mapping' })
  @ApiOkResponse({ type: MappingVersionView })
  version(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Param('version', VersionPipe) version: number,
  ): Promise<MappingVersionView> {
    return this.mappings.version(workspaceId, id, version);
  }

  @Get(':id/diff')
  @Scopes('mappings:read')
  @ApiOperation({ summary: 'What changed between two versions of a mapping' })
  @ApiOkResponse({ type: MappingDiff })
  diff(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: VersionsCompared,
  ): Promise<MappingDiff> {
    return this.mappings.diff(workspaceId, id, query);
  }

  @Post(':id/rollback')
  @HttpCode(200)
  @Scopes('mappings:write')
  @Etag()
  @ApiOperation({ summary: 'Have a former version of a mapping again, as a new one' })
  @ApiOkResponse({ type: MappingView })
  rollback(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @IfMatch() version: number,
    @Body() dto: RollbackMapping,
  ): Promise<MappingView> {
    return this.mappings.rollback(workspaceId, actor, id, version, dto.version);
  }
}
