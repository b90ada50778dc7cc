import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Actor, Etag, IfMatch, type Page, PageAnswer, PageQuery, Scopes, Workspace } from '@percorso/access';
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
  @Scopes('journeys:write')
  @Etag()
  @ApiOperation({ summary: 'Create a journey, as a draft' })
  @ApiCreatedResponse({ type: JourneyView })
  create(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() body: CreateJourney,
  ): Promise<JourneyView> {
    return this.journeys.create(workspaceId, actor, body);
  }

  @Get()
  @Scopes('journeys:read')
  @ApiOperation({ summary: 'List journeys' })
  @PageAnswer(JourneyView, 'Journeys, the oldest first.')
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
  @HttpCode(200)
  @Scopes('journeys:read')
  @ApiOperation({ summary: 'Tell everything that is wrong with a definition, and keep nothing' })
  @ApiOkResponse({ type: JourneyValidity })
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
  @Scopes('journeys:read')
  @Etag()
  @ApiOperation({ summary: 'Read a journey' })
  @ApiOkResponse({ type: JourneyView })
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<JourneyView> {
    return this.journeys.get(workspaceId, id);
  }

  @Patch(':id')
  @Scopes('journeys:write')
  @Etag()
  @ApiOperation({ summary: 'Change the name or the description' })
  @ApiOkResponse({ type: JourneyView })
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
  @Scopes('journeys:write')
  @Etag()
  @ApiOperation({ summary: 'Save the draft; versions that were taken into use stay as they are' })
  @ApiOkResponse({ type: JourneyView })
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
  @HttpCode(204)
  @Scopes('journeys:write')
  @ApiOperation({ summary: 'Delete a journey that nobody is inside of' })
  @ApiNoContentResponse({ description: 'It is gone; what it did stays told.' })
  remove(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @IfMatch() version: number,
  ): Promise<void> {
    return this.journeys.remove(workspaceId, actor, id, version);
  }
}
