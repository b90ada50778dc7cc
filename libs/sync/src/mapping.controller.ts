import {
  Body,
  Controller,
  Get,
  Injectable,
  Param,
  type PipeTransform,
  Post,
  Put,
  Query,
} from '@nestjs/common';
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
  QuotesPersons,
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
  @Etag()
  @Creates('mappings:write', 'Save a JSONata mapping', MappingView)
  create(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() dto: CreateMapping,
  ): Promise<MappingView> {
    return this.mappings.create(workspaceId, actor, dto);
  }

  @Get()
  @AnswersPage('mappings:read', 'List mappings', MappingView, 'Mappings.')
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<MappingView>> {
    return this.mappings.list(workspaceId, query);
  }

  @Post('validate')
  @Answers('mappings:read', 'Whether an expression compiles, and what is wrong where', ValidationView)
  validate(@Body() { expression }: MappingExpression): Promise<ValidationView> {
    return this.mappings.validate(expression);
  }

  @Post('try')
  @QuotesPersons()
  @Answers(['mappings:write', 'profiles:read'], 'Map profiles or documents without sending anything', TryView)
  try(@Workspace() workspaceId: string, @Body() dto: TryMapping): Promise<TryView> {
    return this.trial.try(workspaceId, dto);
  }

  @Get(':id')
  @Etag()
  @Answers('mappings:read', 'Read a mapping', MappingView)
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<MappingView> {
    return this.mappings.get(workspaceId, id);
  }

  @Put(':id')
  @Etag()
  @Answers(
    'mappings:write',
    'Save a new version of a mapping; syncs use it from their next run on',
    MappingView,
  )
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
  @AnswersPage(
    'mappings:read',
    'List the versions of a mapping, the newest first',
    MappingVersionView,
    'Versions.',
  )
  versions(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<MappingVersionView>> {
    return this.mappings.versions(workspaceId, id, query);
  }

  @Get(':id/versions/:version')
  @Answers('mappings:read', 'Read one version of a mapping', MappingVersionView)
  version(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Param('version', VersionPipe) version: number,
  ): Promise<MappingVersionView> {
    return this.mappings.version(workspaceId, id, version);
  }

  @Get(':id/diff')
  @Answers('mappings:read', 'What changed between two versions of a mapping', MappingDiff)
  diff(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: VersionsCompared,
  ): Promise<MappingDiff> {
    return this.mappings.diff(workspaceId, id, query);
  }

  @Post(':id/rollback')
  @Etag()
  @Answers('mappings:write', 'Have a former version of a mapping again, as a new one', MappingView)
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
