import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Problem } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import type { AccessContext } from './access-context';
import { AnswersPage, Creates, Removes } from './answer.decorators';
import { ApiKeyView, CreateApiKey, CreatedApiKey } from './key.dto';
import { KeyService } from './key.service';
import { Page, PageQuery } from './page';
import { Actor, Caller, Workspace } from './request.decorators';
import { ALL_SCOPES, allows } from './scopes.decorator';

@ApiTags('Keys')
@Controller('v1/api-keys')
export class ApiKeyController {
  constructor(
    private readonly database: Database,
    private readonly keys: KeyService,
  ) {}

  @Post()
  @Creates(
    'keys:write',
    'Create an API key; it can be given no scope that its maker lacks',
    CreatedApiKey,
    'The key, shown this once.',
  )
  create(
    @Workspace() workspaceId: string,
    @Caller() caller: AccessContext,
    @Body() body: CreateApiKey,
  ): Promise<CreatedApiKey> {
    assertMayGive(caller.scopes, body.scopes);
    const expiresAt = body.expiresAt === undefined ? undefined : new Date(body.expiresAt);
    const wanted = { name: body.name, scopes: body.scopes, expiresAt };
    return this.database.tx(workspaceId, (tx) => this.keys.issue(tx, 'api', wanted, caller.actor));
  }

  @Get()
  @AnswersPage('keys:read', 'List the API keys in force', ApiKeyView, 'API keys, oldest first.')
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<ApiKeyView>> {
    return this.keys.list(workspaceId, 'api', query);
  }

  @Delete(':id')
  @Removes('keys:write', 'Revoke an API key', 'Refused everywhere within 5 seconds.')
  revoke(@Workspace() workspaceId: string, @Actor() actor: string, @Param('id') id: string): Promise<void> {
    return this.keys.revoke(workspaceId, 'api', id, actor);
  }
}

function assertMayGive(own: readonly string[], wanted: readonly string[]): void {
  const errors = wanted.flatMap((scope, index) => {
    const given = scope === ALL_SCOPES ? own.includes(ALL_SCOPES) : allows(own, [scope]);
    const message = 'A key can give only scopes that it has itself.';
    return given ? [] : [{ pointer: `/scopes/${index}`, code: 'scope-missing', message }];
  });
  if (errors.length > 0) throw Problem.invalid(errors);
}
