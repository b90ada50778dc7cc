import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  Actor,
  AnswersPage,
  Creates,
  type Page,
  PageQuery,
  QuotesPersons,
  Removes,
  Workspace,
} from '@percorso/access';
import { CreateSuppression, SuppressionView } from './suppression.dto';
import { SuppressionService } from './suppression.service';

@ApiTags('Suppressions')
@Controller('v1/suppressions')
export class SuppressionController {
  constructor(private readonly suppressions: SuppressionService) {}

  @Get()
  @AnswersPage('suppressions:read', 'List suppressed addresses', SuppressionView, 'By channel and address.')
  list(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<SuppressionView>> {
    return this.suppressions.list(workspaceId, query);
  }

  @Post()
  @QuotesPersons()
  @Creates('suppressions:write', 'Never send to an address again', SuppressionView)
  create(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() body: CreateSuppression,
  ): Promise<SuppressionView> {
    return this.suppressions.create(workspaceId, actor, body);
  }

  @Delete(':channel/:address')
  @Removes('suppressions:write', 'Allow an address again')
  remove(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('channel') channel: string,
    @Param('address') address: string,
  ): Promise<void> {
    return this.suppressions.remove(workspaceId, actor, channel, address);
  }
}
