import { applyDecorators, Controller, HttpCode, Options, Post, Req } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AccessRequest, INGEST_SCOPE, Public, Scopes } from '@percorso/access';
import { BATCH_SCHEMA, EVENT_SCHEMA, SUCCESS_SCHEMA } from './collect.openapi';
import type { Collects } from './collect-http';
import { CollectService } from './collect.service';

/** Segment's paths: the name, and the letter that browsers use. */
const PATHS = {
  batch: ['batch', 'import', 'b'],
  identify: ['identify', 'i'],
  track: ['track', 't'],
  page: ['page', 'p'],
  screen: ['screen', 's'],
  group: ['group', 'g'],
  alias: ['alias', 'a'],
} satisfies Record<Collects, string[]>;

const Collect = (collects: Collects): MethodDecorator =>
  applyDecorators(
    Post(PATHS[collects]),
    HttpCode(200),
    RouteConfig({ collects }),
    ApiOperation({ summary: collects === 'batch' ? 'Collect a batch of events' : `Collect: ${collects}` }),
    ApiBody({ schema: collects === 'batch' ? BATCH_SCHEMA : EVENT_SCHEMA }),
    ApiOkResponse({ schema: SUCCESS_SCHEMA, description: 'The events are stored durably.' }),
  );

interface Success {
  success: true;
}

/** Segment's tracking API. 200 follows the commit; a bad item in a good batch is quarantined, never refused. */
@ApiTags('collection')
@Controller('v1')
@Scopes(INGEST_SCOPE)
export class CollectController {
  constructor(private readonly service: CollectService) {}

  @Collect('batch')
  batch(@Req() request: AccessRequest): Promise<Success> {
    return this.collect(request);
  }

  @Collect('identify')
  identify(@Req() request: AccessRequest): Promise<Success> {
    return this.collect(request);
  }

  @Collect('track')
  track(@Req() request: AccessRequest): Promise<Success> {
    return this.collect(request);
  }

  @Collect('page')
  page(@Req() request: AccessRequest): Promise<Success> {
    return this.collect(request);
  }

  @Collect('screen')
  screen(@Req() request: AccessRequest): Promise<Success> {
    return this.collect(request);
  }

  @Collect('group')
  group(@Req() request: AccessRequest): Promise<Success> {
    return this.collect(request);
  }

  @Collect('alias')
  alias(@Req() request: AccessRequest): Promise<Success> {
    return this.collect(request);
  }

  @Options(Object.values(PATHS).flat())
  @RouteConfig({ collects: 'batch' satisfies Collects })
  @HttpCode(204)
  @Public()
  @ApiOperation({ summary: 'CORS preflight' })
  preflight(): void {}

  private async collect(request: AccessRequest): Promise<Success> {
    await this.service.collect(request);
    return { success: true };
  }
}
