import {
  HttpException,
  HttpServer,
  INestApplication,
  LoggerService,
  NestApplicationOptions,
} from '@nestjs/common';
import { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '@percorso/kernel';
import { asProblem } from './as-problem';
import { problemHeaders } from './problem.filter';
import { registerRowStreams } from './row-stream';

/** Bytes of a request body at most. */
export const BODY_LIMIT = 4 * 1024 * 1024;

export interface HttpOptions {
  /** Whose X-Forwarded-For is believed: addresses or networks of reverse proxies. @default nobody's */
  trustProxy?: string[];
}

/** Fastify as the hub runs it; create the application with `{ bodyParser: false }` and hand it to `configureHttp`. */
export function createHttpAdapter(options: HttpOptions = {}): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    requestTimeout: 60_000,
    connectionTimeout: 0,
    keepAliveTimeout: 65_000,
    trustProxy: options.trustProxy ?? false,
    routerOptions: { maxParamLength: 500 },
    // Errors that arise before there is a route, such as a path of broken percent-encoding.
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void => {
      const problem = asProblem(error);
      void reply
        .status(problem.status)
        .headers(problemHeaders(problem))
        .send(JSON.stringify(problem.toDocument()));
    },
  });
}

/** JSON bodies read strictly, security headers, no CORS. Call before `app.init()`. */
export function configureHttp(app: INestApplication): void {
  const fastifyApp = app as NestFastifyApplication;
  fastifyApp.useBodyParser('application/json', {}, (_request, body, done) => {
    try {
      done(null, parseJson(body));
    } catch (error) {
      done(error as Problem);
    }
  });
  const fastify = fastifyApp.getHttpAdapter().getInstance();
  registerRowStreams(fastify);
  // Many clients put this type on requests without a body, such as `curl -X POST -d ''`.
  fastify.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer' },
    async (_request: unknown, body: Buffer) => {
      if (body.length > 0) throw asProblem(new HttpException('', 415));
      return undefined;
    },
  );
  fastify.addHook('onSend', async (_request, reply) => {
    void reply
      .header('X-Content-Type-Options', 'nosniff')
      .header('Referrer-Policy', 'no-referrer')
      .header('X-Frame-Options', 'DENY');
    if (!reply.hasHeader('Cache-Control')) void reply.header('Cache-Control', 'no-store');
  });
}

/** What `compile()` of a testing module gives. */
interface CompiledModule {
  createNestApplication<T extends INestApplication>(adapter: HttpServer, options: NestApplicationOptions): T;
}

/** For specs: starts what a module serves over HTTP, as the hub would. */
export async function serveModule(
  module: CompiledModule,
  logger: LoggerService | false = false,
): Promise<NestFastifyApplication> {
  const options = { bodyParser: false, logger };
  const app = module.createNestApplication<NestFastifyApplication>(createHttpAdapter(), options);
  configureHttp(app);
  await app.init();
  return app;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A request body as JSON. @throws Problem 400 */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw malformed('The body is not valid UTF-8.');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('The body is not valid JSON.');
  }
  if (text.includes('__proto__') && hasPrototypeKey(value)) {
    throw malformed('The body has a key `__proto__`.');
  }
  return value;
}

function hasPrototypeKey(root: unknown): boolean {
  const open = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (value === null || typeof value !== 'object') continue;
    if (Object.hasOwn(value, '__proto__')) return true;
    for (const inner of Object.values(value)) if (inner !== undefined && inner !== null) open.push(inner);
  }
  return false;
}

const malformed = (detail: string): Problem =>
  new Problem({ status: 400, code: 'malformed', title: 'Malformed request', detail });
