import { ArgumentsHost, Catch, ExceptionFilter, Logger } from '@nestjs/common';
import { describeError, Problem } from '@percorso/kernel';
import type { FastifyReply } from 'fastify';
import { asProblem } from './as-problem';

/** Every refusal and failure leaves as application/problem+json (RFC 9457). */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = asProblem(error);
    if (problem.status >= 500 && problem.status !== 503)
      this.logger.error(describeError(problem.cause ?? error));
    if (reply.sent || reply.raw.headersSent) {
      // Part of the answer is out: only breaking off tells the client that the rest is missing.
      reply.raw.destroy();
      return;
    }
    void reply
      .removeHeader('ETag')
      .status(problem.status)
      .headers(problemHeaders(problem))
      .send(JSON.stringify(problem.toDocument()));
  }
}

export function problemHeaders(problem: Problem): Record<string, string> {
  return {
    'Content-Type': 'application/problem+json; charset=utf-8',
    ...(problem.retryAfter === undefined ? {} : { 'Retry-After': String(problem.retryAfter) }),
    ...(problem.status === 401 ? { 'WWW-Authenticate': 'Bearer realm="percorso"' } : {}),
  };
}
