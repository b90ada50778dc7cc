import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Actor, Answers, AnswersPage, Page, PageQuery, Removes, Scopes, Workspace } from '@percorso/access';
import { CreateErasure, ErasureView } from './erasure.dto';
import { ErasureService } from './erasure.service';

/** As much of the reply as is needed to point somewhere. */
interface Reply {
  header(name: string, value: string): unknown;
}

@ApiTags('profiles')
@Controller('v1/erasures')
export class ErasureController {
  constructor(private readonly erasures: ErasureService) {}

  @Post()
  @Scopes('profiles:write')
  @HttpCode(202)
  @ApiOperation({ summary: 'Forget a person everywhere and keep the person out' })
  @ApiAcceptedResponse({
    type: ErasureView,
    headers: { Location: { description: 'Where to follow it.', schema: { type: 'string' } } },
  })
  async create(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() body: CreateErasure,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<ErasureView> {
    const erasure = await this.erasures.begin(workspaceId, actor, body);
    reply.header('Location', `/v1/erasures/${erasure.id}`);
    return erasure;
  }

  @Get()
  @AnswersPage('profiles:read', 'List erasures', ErasureView, 'Newest first.')
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<ErasureView>> {
    return this.erasures.list(workspaceId, query);
  }

  @Get(':id')
  @Answers('profiles:read', 'How far an erasure has come, place by place', ErasureView)
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<ErasureView> {
    return this.erasures.get(workspaceId, id);
  }

  @Delete(':id/tombstone')
  @Removes('profiles:write', 'Let the erased person in again')
  lift(@Workspace() workspaceId: string, @Actor() actor: string, @Param('id') id: string): Promise<void> {
    return this.erasures.lift(workspaceId, actor, id);
  }
}
