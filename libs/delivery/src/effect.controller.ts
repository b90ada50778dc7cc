import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Actor, Answers, Workspace } from '@percorso/access';
import { EffectView, SettleEffect } from './effect.dto';
import { EffectService } from './effect.service';

@ApiTags('Delivery')
@Controller('v1/effects')
export class EffectController {
  constructor(private readonly effects: EffectService) {}

  @Get(':id')
  @Answers('syncs:read', 'What became of one row, try by try', EffectView)
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<EffectView> {
    return this.effects.get(workspaceId, id);
  }

  @Post(':id/settle')
  @Answers(
    'syncs:write',
    'End the doubt about a row of unknown outcome by what you found out yourself',
    EffectView,
  )
  settle(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @Body() body: SettleEffect,
  ): Promise<EffectView> {
    return this.effects.settle(workspaceId, actor, id, body);
  }
}
