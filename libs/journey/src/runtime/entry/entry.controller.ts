import { Body, Controller, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Answers, Workspace } from '@percorso/access';
import { CreateEntries, EntriesView } from './entry.dto';
import { EntryService } from './entry.service';

@ApiTags('Journeys')
@Controller('v1/journeys')
export class EntryController {
  constructor(private readonly entries: EntryService) {}

  @Post(':id/entries')
  @Answers('journeys:write', 'Let profiles into a journey that has an `api` entry', EntriesView)
  enter(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Body() { entries }: CreateEntries,
  ): Promise<EntriesView> {
    return this.entries.enter(workspaceId, id, entries);
  }
}
