import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { configureHttp, createHttpAdapter } from '@percorso/access';
import { Logger } from 'nestjs-pino';
import { HubModule } from './hub.module';
import type { HubOptions } from './hub-options';
import { logRequests } from './logging/request-log';
import { HttpMetrics } from './metrics/http-metrics';
import { serveOpenApi } from './openapi/serve';

/** The application, composed and ready to `init` or `listen`. */
export async function createHub(options: HubOptions): Promise<NestFastifyApplication> {
  const adapter = createHttpAdapter({ trustProxy: options.trustProxy });
  const app = await NestFactory.create<NestFastifyApplication>(HubModule.forRoot(options), adapter, {
    bodyParser: false,
    bufferLogs: true,
    abortOnError: false,
  });
  app.useLogger(app.get(Logger));
  configureHttp(app);
  logRequests(app, app.get(HttpMetrics));
  serveOpenApi(app);
  return app;
}
