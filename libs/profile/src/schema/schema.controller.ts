import { Body, Controller, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Actor, Page, PageAnswer, PageQuery, Scopes, Workspace } from '@percorso/access';
import { ImportSchema, SchemaImportView } from './schema-import.dto';
import { SchemaImportService } from './schema-import.service';
import { PutSchema, SchemaView, ViolationView } from './schema.dto';
import { SchemaService } from './schema.service';

@ApiTags('schemas')
@Controller('v1/schemas')
export class SchemaController {
  constructor(
    private readonly schemas: SchemaService,
    private readonly imports: SchemaImportService,
  ) {}

  @Get()
  @Scopes('schemas:read')
  @ApiOperation({ summary: 'List the schemas in force' })
  @PageAnswer(SchemaView, 'By kind and name.')
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<SchemaView>> {
    return this.schemas.list(workspaceId, query);
  }

  @Post('import')
  @HttpCode(200)
  @Scopes('schemas:write')
  @ApiOperation({ summary: 'Take over an XDM schema, or see what would become of it' })
  @ApiOkResponse({ type: SchemaImportView })
  import(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() body: ImportSchema,
  ): Promise<SchemaImportView> {
    return this.imports.import(workspaceId, actor, body);
  }

  @Put(':kind/:name')
  @Scopes('schemas:write')
  @ApiOperation({ summary: 'Say what an event or a kind of traits should look like' })
  @ApiOkResponse({ type: SchemaView, description: 'The version in force now.' })
  put(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('kind') kind: string,
    @Param('name') name: string,
    @Body() body: PutSchema,
  ): Promise<SchemaView> {
    return this.schemas.put(workspaceId, actor, kind, name, body);
  }

  @Get(':kind/:name')
  @Scopes('schemas:read')
  @ApiOperation({ summary: 'Read the version in force' })
  @ApiOkResponse({ type: SchemaView })
  get(
    @Workspace() workspaceId: string,
    @Param('kind') kind: string,
    @Param('name') name: string,
  ): Promise<SchemaView> {
    return this.schemas.get(workspaceId, kind, name);
  }

  @Get(':kind/:name/versions')
  @Scopes('schemas:read')
  @ApiOperation({ summary: 'List all versions' })
  @PageAnswer(SchemaView, 'The newest first.')
  versions(
    @Workspace() workspaceId: string,
    @Param('kind') kind: string,
    @Param('name') name: string,
    @Query() query: PageQuery,
  ): Promise<Page<SchemaView>> {
    return this.schemas.versions(workspaceId, kind, name, query);
  }

  @Get(':kind/:name/violations')
  @Scopes('schemas:read')
  @ApiOperation({ summary: 'Which rules were broken, and how often' })
  @PageAnswer(ViolationView, 'The latest first, all in one page.')
  violations(
    @Workspace() workspaceId: string,
    @Param('kind') kind: string,
    @Param('name') name: string,
  ): Promise<Page<ViolationView>> {
    return this.schemas.violations(workspaceId, kind, name);
  }
}
