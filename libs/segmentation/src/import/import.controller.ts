import { Controller, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  type AccessRequest,
  Actor,
  readRows,
  ROW_LIMITS,
  Scopes,
  StreamsRows,
  Workspace,
} from '@percorso/access';
import { ImportQuery, ImportView } from './import.dto';
import { ImportService } from './import.service';

@ApiTags('Audiences')
@Controller('v1/audiences')
export class ImportController {
  constructor(private readonly imports: ImportService) {}

  @Post(':id/import')
  @HttpCode(200)
  @StreamsRows()
  @Scopes('audiences:write')
  @ApiOperation({
    summary: "Upload an audience's list",
    description:
      `Rows of \`namespace\` and \`value\`, at most ${ROW_LIMITS.rows}; members follow as they are looked at. Rows that name ` +
      'nobody are counted, and the first told. The audience needs an `imported` condition.',
  })
  @ApiConsumes('text/csv', 'application/x-ndjson')
  @ApiBody({ schema: { type: 'string', example: 'namespace,value\nemail,ann@example.com' } })
  @ApiOkResponse({ type: ImportView, description: 'The list is taken.' })
  import(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() { mode }: ImportQuery,
    @Req() request: AccessRequest,
    @Actor() actor: string,
  ): Promise<ImportView> {
    return this.imports.import(workspaceId, id, mode, () => readRows(request), actor);
  }
}
