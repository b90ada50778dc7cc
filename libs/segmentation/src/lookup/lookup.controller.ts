import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  type AccessRequest,
  Actor,
  Answers,
  readRows,
  Removes,
  ROW_LIMITS,
  Scopes,
  StreamsRows,
  Workspace,
} from '@percorso/access';
import { LookupItemView, LookupUploadView } from './lookup.dto';
import { LookupService } from './lookup.service';

const EXAMPLE = { category: 'shoes', price: 89.9 };

@ApiTags('Lookups')
@Controller('v1/lookups')
export class LookupController {
  constructor(private readonly lookups: LookupService) {}

  @Get(':name/items/:key')
  @Answers('lookups:read', 'Read an item', LookupItemView, 'The item.')
  get(
    @Workspace() workspaceId: string,
    @Param('name') name: string,
    @Param('key') key: string,
  ): Promise<LookupItemView> {
    return this.lookups.get(workspaceId, name, key);
  }

  @Put(':name/items/:key')
  @Scopes('lookups:write')
  @ApiOperation({ summary: 'Write an item' })
  @ApiBody({ schema: { type: 'object', additionalProperties: true, example: EXAMPLE } })
  @ApiOkResponse({ type: LookupItemView, description: 'The item; audiences that look at it are evaluated.' })
  put(
    @Workspace() workspaceId: string,
    @Param('name') name: string,
    @Param('key') key: string,
    @Body() fields: object,
    @Actor() actor: string,
  ): Promise<LookupItemView> {
    return this.lookups.put(workspaceId, name, key, fields, actor);
  }

  @Delete(':name/items/:key')
  @Removes('lookups:write', 'Take an item away', 'It is gone.')
  remove(
    @Workspace() workspaceId: string,
    @Param('name') name: string,
    @Param('key') key: string,
    @Actor() actor: string,
  ): Promise<void> {
    return this.lookups.remove(workspaceId, name, key, actor);
  }

  @Post(':name/items')
  @HttpCode(200)
  @StreamsRows()
  @Scopes('lookups:write')
  @ApiOperation({
    summary: 'Upload items',
    description: `Rows of \`key\` and fields, at most ${ROW_LIMITS.rows}; in CSV every field is a text.`,
  })
  @ApiConsumes('application/x-ndjson', 'text/csv')
  @ApiBody({ schema: { type: 'string', example: JSON.stringify({ key: 'sku-1', ...EXAMPLE }) } })
  @ApiOkResponse({ type: LookupUploadView, description: 'The items are taken.' })
  upload(
    @Workspace() workspaceId: string,
    @Param('name') name: string,
    @Req() request: AccessRequest,
    @Actor() actor: string,
  ): Promise<LookupUploadView> {
    return this.lookups.upload(workspaceId, name, () => readRows(request), actor);
  }
}
