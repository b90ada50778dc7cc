import { scrub } from '@percorso/kernel';
import type { IncomingMessage } from 'node:http';
import type { Params } from 'nestjs-pino';
import { destination, type LogFn, type Logger as PinoLogger } from 'pino';

/** Names under which secrets and personal data would travel, at the top of a log object and one or two levels down. */
const NEVER = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  'key',
  'writeKey',
  'email',
  'phone',
  'name',
  'firstName',
  'lastName',
  'traits',
  'properties',
  'payload',
  'body',
  'query',
];

const COMPOSITION = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestFactory']);

/** Nest tells each module and route at every start; what they are stands in /openapi.json. */
function skipComposition(this: PinoLogger, args: Parameters<LogFn>, method: LogFn, level: number): void {
  const context = (args[0] as { context?: string } | undefined)?.context;
  if (level <= 30 && context !== undefined && COMPOSITION.has(context)) return;
  method.apply(this, args);
}

/** JSON lines on standard output. Requests are logged by `request-log.ts`, which knows their routes. */
export function loggerParams(level: string): Params {
  return {
    // The wildcard's new form; the default would warn at every start.
    forRoutes: ['{*path}'],
    pinoHttp: {
      level,
      // Line by line. Written in the background, what is left at the end waits without end for a reader that is gone.
      stream: destination({ sync: true }),
      autoLogging: false,
      quietReqLogger: true,
      serializers: { req: (request: IncomingMessage & { id?: unknown }) => ({ id: request.id }) },
      redact: { paths: NEVER.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
      hooks: { streamWrite: scrub, logMethod: skipComposition },
    },
  };
}
