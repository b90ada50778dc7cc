import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { Public } from '@percorso/access';
import type { FastifyReply } from 'fastify';
import { Readiness, ReadinessService } from './readiness';

const engine = {
  type: 'object',
  required: ['ok'],
  properties: {
    ok: { type: 'boolean' },
    problem: { type: 'string' },
    settings: { type: 'object', additionalProperties: { type: 'string' } },
  },
};
const readiness = {
  type: 'object',
  required: ['status', 'postgres', 'clickhouse', 'redis', 'leases', 'plugins'],
  properties: {
    status: { type: 'string', enum: ['ready', 'not-ready', 'stopping'] },
    postgres: engine,
    clickhouse: engine,
    redis: engine,
    leases: {
      type: 'object',
      description: 'Partitions of shared work this process has, by kind of work.',
      additionalProperties: { type: 'integer', minimum: 0 },
    },
    plugins: {
      type: 'object',
      required: ['isolation'],
      properties: {
        isolation: {
          type: 'string',
          enum: ['enforced', 'advisory'],
          description:
            'Whether the kernel keeps plugins from network, files and processes, or Node alone does.',
        },
        problem: { type: 'string', description: 'Why it is advisory.' },
      },
    },
  },
};

@ApiTags('Operation')
@Controller('health')
export class HealthController {
  constructor(private readonly readiness: ReadinessService) {}

  @Get('live')
  @Public()
  @ApiOperation({ summary: 'Whether the process serves' })
  @ApiOkResponse({
    description: 'It does.',
    schema: {
      type: 'object',
      required: ['status'],
      properties: { status: { type: 'string', enum: ['live'] } },
    },
  })
  live(): { status: 'live' } {
    return { status: 'live' };
  }

  @Get('ready')
  @Public()
  @ApiOperation({
    summary: 'Whether the hub can do its work, engine by engine, with their durability settings',
  })
  @ApiOkResponse({ description: 'All engines answer and are set safely.', schema: readiness })
  @ApiServiceUnavailableResponse({
    description: 'Something is missing, or the hub is stopping.',
    schema: readiness,
  })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Readiness> {
    const answer = await this.readiness.check();
    if (answer.status !== 'ready') void reply.status(503);
    return answer;
  }
}
