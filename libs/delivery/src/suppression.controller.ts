import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Actor, type Page, PageAnswer, PageQuery, QuotesPersons, Scopes, Workspace } from '@percorso/access';
import { CreateSuppression, SuppressionView } from './suppression.dto';
import { SuppressionService } from './suppression.service';

@ApiTags('Suppressions')
@Controller('v1/suppressions')
export class SuppressionController {
  constructor(private readonly suppressions: SuppressionService) {}

  @Get()
  @Scopes('suppressions:read')
  @ApiOperation({ summary: 'List suppressed addresses' })
  @PageAnswer(SuppressionView, 'By channel and address.')
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<SuppressionView>> {
    return this.suppressions.list(workspaceId, query);
  }

  @Post()
  @QuotesPersons()
  @Scopes('suppressions:write')
  @ApiOperation({ summary: 'Never send to an address again' })
  @ApiCreatedResponse({ type: SuppressionView })
  create(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() body: CreateSuppression,
  ): Promise<SuppressionView> {
    return this.suppressions.create(workspaceId, actor, body);
  }

  @Delete(':channel/:address')
  @Scopes('suppressions:write')
  @HttpCode(204)
  @ApiOperation({ summary: 'Allow an address again' })
  remove(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('channel') channel: string,
    @Param('address') address: string,
  ): Promise<void> {
    return this.suppressions.remove(workspaceId, actor, channel, address);
  }
}
