import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AccessRequest } from '@percorso/access';
import type { HttpMetrics } from '../metrics/http-metrics';

/** Asked too often to be worth a line each. */
const QUIET = /^\/(health|metrics)/;

/**
 * One line per request: its route as declared, never the path or query sent, which may hold an address or a name;
 * never headers or bodies.
 */
export function logRequests(app: NestFastifyApplication, metrics: HttpMetrics): void {
  const logger = new Logger('Request');
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onResponse', async (request, reply) => {
      const route = request.routeOptions.url ?? 'none';
      const { method } = request;
      const milliseconds = Math.round(reply.elapsedTime * 10) / 10;
      metrics.observe(method, route, reply.statusCode, reply.elapsedTime / 1000);
      if (QUIET.test(route)) return;
      const { access } = request as AccessRequest;
      logger.log({
        msg: 'request',
        method,
        route,
        status: reply.statusCode,
        milliseconds,
        workspaceId: access?.workspaceId,
        actor: access?.actor,
      });
    });
}
