import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
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
  Scopes,
  Workspace,
} from '@percorso/access';
import type { FastifyReply } from 'fastify';
import { journeySchema } from '../definition/journey.schema';
import {
  ChangeJourney,
  CreateJourney,
  DryRunQuery,
  JourneyValidity,
  JourneyView,
  SaveDraft,
  ValidateJourney,
} from './journey.dto';
import { JourneyService } from './journey.service';
import { ImportedJourney, JourneyExport } from './transfer.dto';
import { TransferService } from './transfer.service';

@ApiTags('Journeys')
@Controller('v1/journeys')
export class JourneyController {
  constructor(
    private readonly journeys: JourneyService,
    private readonly transfer: TransferService,
  ) {}

  @Post()
  @Etag()
  @Creates('journeys:write', 'Create a journey, as a draft', JourneyView)
  create(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() body: CreateJourney,
  ): Promise<JourneyView> {
    return this.journeys.create(workspaceId, actor, body);
  }

  @Get()
  @AnswersPage('journeys:read', 'List journeys', JourneyView, 'Journeys, the oldest first.')
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<JourneyView>> {
    return this.journeys.list(workspaceId, query);
  }

  @Get('schema')
  @Scopes('journeys:read')
  @ApiOperation({ summary: 'Read the JSON Schema of definitions' })
  @ApiOkResponse({ schema: { type: 'object', additionalProperties: true } })
  schema(): object {
    return journeySchema;
  }

  @Post('validate')
  @Answers(
    'journeys:read',
    'Tell everything that is wrong with a definition, and keep nothing',
    JourneyValidity,
  )
  validate(@Workspace() workspaceId: string, @Body() body: ValidateJourney): Promise<JourneyValidity> {
    return this.journeys.validate(body, workspaceId);
  }

  @Post('import')
  @Scopes('journeys:write')
  @ApiOperation({ summary: 'Create a journey from an export: what it names is found by id, else by name' })
  @ApiCreatedResponse({ type: ImportedJourney })
  @ApiOkResponse({ type: ImportedJourney, description: 'Of a dry run: nothing was created.' })
  import(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Query() { dryRun }: DryRunQuery,
    @Body() body: JourneyExport,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ImportedJourney> {
    const dry = dryRun === 'true';
    if (dry) void reply.status(200);
    return this.transfer.import(workspaceId, actor, body, dry);
  }

  @Get(':id')
  @Etag()
  @Answers('journeys:read', 'Read a journey', JourneyView)
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<JourneyView> {
    return this.journeys.get(workspaceId, id);
  }

  @Patch(':id')
  @Etag()
  @Answers('journeys:write', 'Change the name or the description', JourneyView)
  rename(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @IfMatch() version: number,
    @Body() body: ChangeJourney,
  ): Promise<JourneyView> {
    return this.journeys.rename(workspaceId, actor, id, version, body);
  }

  @Put(':id/draft')
  @Etag()
  @Answers(
    'journeys:write',
    'Save the draft; versions that were taken into use stay as they are',
    JourneyView,
  )
  saveDraft(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @IfMatch() version: number,
    @Body() { definition }: SaveDraft,
  ): Promise<JourneyView> {
    return this.journeys.saveDraft(workspaceId, actor, id, version, definition);
  }

  @Delete(':id')
  @Removes(
    'journeys:write',
    'Delete a journey that nobody is inside of',
    'It is gone; what it did stays told.',
  )
  remove(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @IfMatch() version: number,
  ): Promise<void> {
    return this.journeys.remove(workspaceId, actor, id, version);
  }
}
