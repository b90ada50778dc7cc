import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Actor, Answers, Creates, Public, Removes, Workspace } from '@percorso/access';
import { Problem } from '@percorso/kernel';
import type { FastifyRequest } from 'fastify';
import { FEEDBACK_OPTIONS, type FeedbackOptions } from '../feedback.options';
import { CreatedHookView, HooksView } from './hook.dto';
import { HookLimits } from './hook-limits';
import { HookService } from './hook.service';

@ApiTags('Feedback')
@Controller('v1')
export class HookController {
  constructor(
    private readonly hooks: HookService,
    private readonly limits: HookLimits,
    @Inject(FEEDBACK_OPTIONS) private readonly options: FeedbackOptions,
  ) {}

  @Post('connectors/:id/hooks')
  @Creates('connectors:write', 'Make an address at which the provider reports', CreatedHookView)
  async create(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @Req() request: FastifyRequest,
  ): Promise<CreatedHookView> {
    const { token, ...hook } = await this.hooks.create(workspaceId, actor, id);
    return { ...hook, url: `${this.baseOf(request)}/v1/hooks/${token}` };
  }

  @Get('connectors/:id/hooks')
  @Answers('connectors:read', 'List the addresses of a connector, without what is secret of them', HooksView)
  async list(@Workspace() workspaceId: string, @Param('id') id: string): Promise<HooksView> {
    return { data: await this.hooks.list(workspaceId, id) };
  }

  @Delete('connectors/:id/hooks/:hook')
  @Removes('connectors:write', 'Listen no longer at an address')
  remove(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @Param('hook') hook: string,
  ): Promise<void> {
    return this.hooks.remove(workspaceId, actor, id, hook);
  }

  @Post('hooks/:token')
  @RouteConfig({ keepsBytes: true })
  @Public()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Where a provider reports what became of messages',
    description:
      "No key: the address is secret, and the connector's plugin asks for the provider's signature where there is one. What was taken before is answered alike and changes nothing.",
  })
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded', 'text/plain')
  @ApiBody({ schema: { type: 'string' } })
  async receive(
    @Param('token') token: string,
    @Body() raw: unknown,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
    try {
      await this.hooks.receive(token, typeof raw === 'string' ? raw : '', {
        url: `${this.baseOf(request)}${request.originalUrl}`,
        headers: Object.fromEntries(headers) as Record<string, string>,
      });
    } catch (error) {
      // The address or the signature was guessed.
      if (error instanceof Problem && [403, 404].includes(error.status))
        await this.limits.noteRefused(request);
      throw error;
    }
  }

  /** As the provider calls the hub, which is what some sign. */
  private baseOf(request: FastifyRequest): string {
    return (this.options.publicUrl ?? `${request.protocol}://${request.host}`).replace(/\/+$/, '');
  }
}
