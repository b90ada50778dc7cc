import { Controller, Get, Param, Req } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '@percorso/access';
import type { FastifyRequest } from 'fastify';

/** What Segment's browser library asks for before it sends. */
@ApiTags('collection')
@Controller('v1/projects')
export class SettingsController {
  @Get(':key/settings')
  @RouteConfig({ collects: 'batch' })
  @Public()
  @ApiOperation({ summary: "Settings of Segment's browser library" })
  @ApiOkResponse({ schema: { type: 'object' } })
  settings(@Param('key') key: string, @Req() request: FastifyRequest): object {
    return {
      integrations: {
        'Segment.io': { apiKey: key, apiHost: `${request.host}/v1`, protocol: request.protocol },
      },
      plan: { track: { __default: { enabled: true } } },
      edgeFunction: {},
      remotePlugins: [],
    };
  }
}
