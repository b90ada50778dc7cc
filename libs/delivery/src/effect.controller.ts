import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Actor, Scopes, Workspace } from '@percorso/access';
import { EffectView, SettleEffect } from './effect.dto';
import { EffectService } from './effect.service';

@ApiTags('Delivery')
@Controller('v1/effects')
export class EffectController {
  constructor(private readonly effects: EffectService) {}

  @Get(':id')
  @Scopes('syncs:read')
  @ApiOperation({ summary: 'What became of one row, try by try' })
  @ApiOkResponse({ type: EffectView })
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<EffectView> {
    return this.effects.get(workspaceId, id);
  }

  @Post(':id/settle')
  @Scopes('syncs:write')
  @HttpCode(200)
  @ApiOperation({ summary: 'End the doubt about a row of unknown outcome by what you found out yourself' })
  @ApiOkResponse({ type: EffectView })
  settle(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @Body() body: SettleEffect,
  ): Promise<EffectView> {
    return this.effects.settle(workspaceId, actor, id, body);
  }
}
