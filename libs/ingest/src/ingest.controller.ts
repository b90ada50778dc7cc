import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Page, PageQuery, readPageById, Scopes, Workspace } from '@percorso/access';
import { isId, Problem } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import { IngestView, QuarantinedDetail, QuarantinedView, QuarantinePage } from './ingest.dto';
import { QuarantineStore } from './quarantine.store';

@ApiTags('ingest')
@Controller('v1')
@Scopes('ingest:read')
export class IngestController {
  constructor(
    private readonly database: Database,
    private readonly store: QuarantineStore,
  ) {}

  @Get('ingest')
  @ApiOperation({ summary: 'How far the events have come' })
  @ApiOkResponse({ type: IngestView })
  progress(@Workspace() workspaceId: string): Promise<IngestView> {
    return this.database.tx(workspaceId, (tx) => this.store.progress(tx));
  }

  @Get('quarantine')
  @ApiOperation({ summary: 'Events set aside, newest first' })
  @ApiOkResponse({ type: QuarantinePage })
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<QuarantinedView>> {
    return this.database.tx(workspaceId, (tx) =>
      readPageById(query, (before, most) => this.store.list(tx, before, most)),
    );
  }

  @Get('quarantine/:id')
  @ApiOperation({ summary: 'One event set aside, with its content' })
  @ApiOkResponse({ type: QuarantinedDetail })
  async one(@Workspace() workspaceId: string, @Param('id') id: string): Promise<QuarantinedDetail> {
    const found = isId(id) ? await this.database.tx(workspaceId, (tx) => this.store.one(tx, id)) : undefined;
    if (!found) throw Problem.notFound('Quarantined event');
    return found;
  }
}
