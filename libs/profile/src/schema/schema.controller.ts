import { Body, Controller, Get, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Actor, Answers, AnswersPage, Page, PageQuery, Workspace } from '@percorso/access';
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
  @AnswersPage('schemas:read', 'List the schemas in force', SchemaView, 'By kind and name.')
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<SchemaView>> {
    return this.schemas.list(workspaceId, query);
  }

  @Post('import')
  @Answers('schemas:write', 'Take over an XDM schema, or see what would become of it', SchemaImportView)
  import(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() body: ImportSchema,
  ): Promise<SchemaImportView> {
    return this.imports.import(workspaceId, actor, body);
  }

  @Put(':kind/:name')
  @Answers(
    'schemas:write',
    'Say what an event or a kind of traits should look like',
    SchemaView,
    'The version in force now.',
  )
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
  @Answers('schemas:read', 'Read the version in force', SchemaView)
  get(
    @Workspace() workspaceId: string,
    @Param('kind') kind: string,
    @Param('name') name: string,
  ): Promise<SchemaView> {
    return this.schemas.get(workspaceId, kind, name);
  }

  @Get(':kind/:name/versions')
  @AnswersPage('schemas:read', 'List all versions', SchemaView, 'The newest first.')
  versions(
    @Workspace() workspaceId: string,
    @Param('kind') kind: string,
    @Param('name') name: string,
    @Query() query: PageQuery,
  ): Promise<Page<SchemaView>> {
    return this.schemas.versions(workspaceId, kind, name, query);
  }

  @Get(':kind/:name/violations')
  @AnswersPage(
    'schemas:read',
    'Which rules were broken, and how often',
    ViolationView,
    'The latest first, all in one page.',
  )
  violations(
    @Workspace() workspaceId: string,
    @Param('kind') kind: string,
    @Param('name') name: string,
  ): Promise<Page<ViolationView>> {
    return this.schemas.violations(workspaceId, kind, name);
  }
}
