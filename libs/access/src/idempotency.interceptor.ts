import { createHash } from 'node:crypto';
import { CallHandler, ExecutionContext, Inject, Injectable, Logger, NestInterceptor } from '@nestjs/common';
import { CLOCK, Clock, Problem } from '@percorso/kernel';
import type { FastifyReply } from 'fastify';
import { from, lastValueFrom, Observable } from 'rxjs';
import type { AccessContext, AccessRequest } from './access-context';
import { asProblem } from './as-problem';
import { IdempotencyStore, KeptAnswer } from './idempotency.store';
import { AnswerSeal } from './sealed-answer';
import { QUOTES_PERSONS } from './quotes-persons.decorator';
import { INGEST_SCOPE } from './scopes.decorator';

const KEPT_MS = 24 * 3600_000;
/** Longer than any request may take: an answer still open by then has lost its hub. */
const OPEN_MS = 120_000;
const MAX_KEY_LENGTH = 255;
/** Headers that belong to the answer rather than to its transport. */
const KEPT_HEADERS = ['location', 'etag', 'link'];

/**
 * Idempotency-Key on POST, with Stripe's meaning: the same key and request give the stored answer, another request 422,
 * one still running 409. Answers live 24 hours, per key of the caller. Refusals (4xx) and 503 changed nothing and are not
 * kept, so that a corrected or later request may use the same key. Sending data is idempotent by messageId instead.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private readonly logger = new Logger(IdempotencyInterceptor.name);

  constructor(
    private readonly store: IdempotencyStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<AccessRequest>();
    const given = request.headers['idempotency-key'];
    const { access } = request;
    if (request.method !== 'POST' || given === undefined || !access) return next.handle();
    if (access.scopes.length === 1 && access.scopes[0] === INGEST_SCOPE) return next.handle();
    const personal = Reflect.getMetadata(QUOTES_PERSONS, context.getHandler()) === true;
    return from(this.once(String(given), request, access, http.getResponse<FastifyReply>(), next, personal));
  }

  private async once(
    given: string,
    request: AccessRequest,
    access: AccessContext,
    reply: FastifyReply,
    next: CallHandler,
    personal: boolean,
  ): Promise<unknown> {
    assertKey(given);
    const key = digest(`${access.actor}\n${given}`).toString('base64url');
    const requestHash = digest(`${request.method} ${request.url}\n${JSON.stringify(request.body) ?? ''}`);
    const seal = new AnswerSeal(access.presented, key);
    const now = this.clock.now();
    const kept = await this.store.begin(access.workspaceId, key, requestHash, {
      now,
      keptSince: new Date(now.getTime() - KEPT_MS),
      openSince: new Date(now.getTime() - OPEN_MS),
      personal,
    });
    if (kept) return replay(kept, requestHash, seal, reply);
    try {
      const result: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      await this.keep(access.workspaceId, key, now, reply, seal, result);
      return result;
    } catch (error) {
      const problem = asProblem(error);
      if (problem.status < 500 || problem.status === 503) await this.release(access.workspaceId, key, now);
      else
        await this.keep(
          access.workspaceId,
          key,
          now,
          reply.status(problem.status),
          seal,
          problem.toDocument(),
        );
      throw error;
    }
  }

  // Failing to keep must not turn a change that was made into an error; the key stays taken until it is given up.
  private async keep(
    workspaceId: string | undefined,
    key: string,
    begun: Date,
    reply: FastifyReply,
    seal: AnswerSeal,
    result: unknown,
  ): Promise<void> {
    const headers = Object.fromEntries(
      KEPT_HEADERS.flatMap((name) => (reply.hasHeader(name) ? [[name, String(reply.getHeader(name))]] : [])),
    );
    const body = result === undefined ? null : seal.seal(JSON.stringify(result));
    await this.store
      .finish(workspaceId, key, begun, { status: reply.statusCode, headers, body })
      .catch(() => this.logger.warn('An answer could not be kept for its Idempotency-Key.'));
  }

  private async release(workspaceId: string | undefined, key: string, begun: Date): Promise<void> {
    await this.store
      .release(workspaceId, key, begun)
      .catch(() =>
        this.logger.warn('An Idempotency-Key could not be given up; it is free again in two minutes.'),
      );
  }
}

function replay(kept: KeptAnswer, requestHash: Buffer, seal: AnswerSeal, reply: FastifyReply): unknown {
  if (!kept.requestHash.equals(requestHash)) {
    throw new Problem({
      status: 422,
      code: 'idempotency-key-reused',
      title: 'This Idempotency-Key belongs to another request',
      detail: 'A key may be sent again only with the same path and body.',
    });
  }
  if (kept.status === null) {
    throw new Problem({
      status: 409,
      code: 'idempotency-key-in-use',
      title: 'The first request with this Idempotency-Key is still running',
      retryAfter: 1,
    });
  }
  void reply.status(kept.status).headers({ ...kept.headers, 'Idempotent-Replayed': 'true' });
  if (kept.body === null) return undefined;
  const body: unknown = JSON.parse(seal.open(kept.body));
  if (kept.status >= 400) void reply.header('Content-Type', 'application/problem+json; charset=utf-8');
  return body;
}

function assertKey(given: string): void {
  if (given.length > 0 && given.length <= MAX_KEY_LENGTH && /^[\x20-\x7e]+$/.test(given)) return;
  throw new Problem({
    status: 400,
    code: 'idempotency-key-invalid',
    title: 'Invalid Idempotency-Key',
    detail: `Use 1 to ${MAX_KEY_LENGTH} printable ASCII characters, such as a UUID.`,
  });
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
