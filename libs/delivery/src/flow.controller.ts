import { Body, Controller, Get, Param, Post, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Actor, Answers, Etag, IfMatch, Workspace } from '@percorso/access';
import { DeliveryView, HostView, SetDelivery, SetLimits } from './flow.dto';
import { FlowService } from './flow.service';

@ApiTags('Delivery')
@Controller('v1')
export class FlowController {
  constructor(private readonly flows: FlowService) {}

  @Get('connectors/:id/delivery')
  @Etag()
  @Answers(
    'connectors:read',
    'How a connector’s deliveries are going: lanes, pace, breaker, lag',
    DeliveryView,
  )
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<DeliveryView> {
    return this.flows.get(workspaceId, id);
  }

  @Put('connectors/:id/delivery')
  @Etag()
  @Answers(
    'connectors:write',
    'Set a connector’s limits, and what is done about unknown outcomes; holds from the next call on',
    DeliveryView,
  )
  limit(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @IfMatch() version: number,
    @Body() body: SetDelivery,
  ): Promise<DeliveryView> {
    return this.flows.limit(workspaceId, actor, id, version, body);
  }

  @Post('connectors/:id/delivery/probe')
  @Answers(
    'connectors:write',
    'Try an open breaker’s connector now instead of at its next probe',
    DeliveryView,
  )
  probe(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<DeliveryView> {
    return this.flows.probe(workspaceId, actor, id);
  }

  @Get('delivery-hosts/:host')
  @Etag()
  @Answers('connectors:read', 'The pace of a host that connectors called', HostView)
  host(@Workspace() workspaceId: string, @Param('host') host: string): Promise<HostView> {
    return this.flows.host(workspaceId, host);
  }

  @Put('delivery-hosts/:host')
  @Etag()
  @Answers('connectors:write', 'Limit the pace of all connectors of a host together', HostView)
  limitHost(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('host') host: string,
    @IfMatch() version: number,
    @Body() body: SetLimits,
  ): Promise<HostView> {
    return this.flows.limitHost(workspaceId, actor, host, version, body);
  }
}
