import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Database } from '@percorso/storage';
import { AnswersPage, Creates, Removes } from './answer.decorators';
import { CreatedWriteKey, CreateWriteKey, WriteKeyView } from './key.dto';
import { KeyService, KeyView } from './key.service';
import { Page, PageQuery } from './page';
import { Actor, Workspace } from './request.decorators';
import { INGEST_SCOPE } from './scopes.decorator';

const view = ({ id, name, createdAt, lastUsedAt }: KeyView): WriteKeyView => ({
  id,
  name,
  createdAt,
  lastUsedAt,
});

@ApiTags('Keys')
@Controller('v1/write-keys')
export class WriteKeyController {
  constructor(
    private readonly database: Database,
    private readonly keys: KeyService,
  ) {}

  @Post()
  @Creates(
    'keys:write',
    'Create a key that sends customer data',
    CreatedWriteKey,
    'The key, shown this once.',
  )
  async create(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() body: CreateWriteKey,
  ): Promise<CreatedWriteKey> {
    const wanted = { name: body.name, scopes: [INGEST_SCOPE] };
    const created = await this.database.tx(workspaceId, (tx) => this.keys.issue(tx, 'write', wanted, actor));
    return { ...view(created), key: created.key };
  }

  @Get()
  @AnswersPage('keys:read', 'List the write keys in force', WriteKeyView, 'Write keys, oldest first.')
  async list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<WriteKeyView>> {
    const page = await this.keys.list(workspaceId, 'write', query);
    return { data: page.data.map(view), next: page.next };
  }

  @Delete(':id')
  @Removes('keys:write', 'Revoke a write key', 'Refused everywhere within 5 seconds.')
  revoke(@Workspace() workspaceId: string, @Actor() actor: string, @Param('id') id: string): Promise<void> {
    return this.keys.revoke(workspaceId, 'write', id, actor);
  }
}
