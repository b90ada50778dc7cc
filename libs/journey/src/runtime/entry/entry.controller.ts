import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Scopes, Workspace } from '@percorso/access';
import { CreateEntries, EntriesView } from './entry.dto';
import { EntryService } from './entry.service';

@ApiTags('Journeys')
@Controller('v1/journeys')
export class EntryController {
  constructor(private readonly entries: EntryService) {}

  @Post(':id/entries')
  @Scopes('journeys:write')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let profiles into a journey that has an `api` entry' })
  @ApiOkResponse({ type: EntriesView })
  enter(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Body() { entries }: CreateEntries,
  ): Promise<EntriesView> {
    return this.entries.enter(workspaceId, id, entries);
  }
}
