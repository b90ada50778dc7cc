import { Body, Controller, Get, HttpCode, Param, Post, Put } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Actor, Etag, IfMatch, Scopes, Workspace } from '@percorso/access';
import { DeliveryView, HostView, SetDelivery, SetLimits } from './flow.dto';
import { FlowService } from './flow.service';

@ApiTags('Delivery')
@Controller('v1')
export class FlowController {
  constructor(private readonly flows: FlowService) {}

  @Get('connectors/:id/delivery')
  @Scopes('connectors:read')
  @Etag()
  @ApiOperation({ summary: 'How a connector’s deliveries are going: lanes, pace, breaker, lag' })
  @ApiOkResponse({ type: DeliveryView })
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<DeliveryView> {
    return this.flows.get(workspaceId, id);
  }

  @Put('connectors/:id/delivery')
  @Scopes('connectors:write')
  @Etag()
  @ApiOperation({
    summary: 'Set a connector’s limits, and what is done about unknown outcomes; holds from the next call on',
  })
  @ApiOkResponse({ type: DeliveryView })
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
  @Scopes('connectors:write')
  @HttpCode(200)
  @ApiOperation({ summary: 'Try an open breaker’s connector now instead of at its next probe' })
  @ApiOkResponse({ type: DeliveryView })
  probe(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
  ): Promise<DeliveryView> {
    return this.flows.probe(workspaceId, actor, id);
  }

  @Get('delivery-hosts/:host')
  @Scopes('connectors:read')
  @Etag()
  @ApiOperation({ summary: 'The pace of a host that connectors called' })
  @ApiOkResponse({ type: HostView })
  host(@Workspace() workspaceId: string, @Param('host') host: string): Promise<HostView> {
    return this.flows.host(workspaceId, host);
  }

  @Put('delivery-hosts/:host')
  @Scopes('connectors:write')
  @Etag()
  @ApiOperation({ summary: 'Limit the pace of all connectors of a host together' })
  @ApiOkResponse({ type: HostView })
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
