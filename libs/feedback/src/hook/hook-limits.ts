import { finished } from 'node:stream';
import rateLimit, { type CreateRateLimitOptions, normalizeIP } from '@fastify/rate-limit';
import { Inject, Injectable } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DEFAULT_HOOK_LIMITS, FEEDBACK_OPTIONS, type FeedbackOptions } from '../feedback.options';
import { digestOf } from './hook.store';

type Limiter = ReturnType<FastifyInstance['createRateLimit']>;

const MINUTE_MS = 60_000;
/** Sources and hooks that are counted at once; the longest unused is forgotten. */
const COUNTED = 20_000;

/**
 * What anybody may ask of hooks: from one address, of one hook, and in vain; looked at before anything is read. Each process
 * counts for itself.
 */
@Injectable()
export class HookLimits {
  private limiters?: { source: Limiter; hook: Limiter; refused: Limiter };
  private held = 0;

  constructor(@Inject(FEEDBACK_OPTIONS) private readonly options: FeedbackOptions) {}

  private get limits(): typeof DEFAULT_HOOK_LIMITS {
    return { ...DEFAULT_HOOK_LIMITS, ...this.options.hookLimits };
  }

  /** Must be awaited before the routes are registered. */
  async register(fastify: FastifyInstance): Promise<void> {
    await fastify.register(rateLimit, { global: false, cache: COUNTED });
    const { perHook, perSource, refused } = this.limits;
    const limiter = (max: number, more: CreateRateLimitOptions = {}): Limiter =>
      fastify.createRateLimit({ max, timeWindow: MINUTE_MS, ...more });
    this.limiters = {
      source: limiter(perSource),
      refused: limiter(refused, {
        keyGenerator: (request) => `${normalizeIP(request.ip)} ${hookOf(request)}`,
      }),
      hook: limiter(perHook, { keyGenerator: hookOf }),
    };
  }

  /** Lets a call in, or not. @throws Problem 429 and 503, which say when to come again */
  async admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    // Of who is refused nothing more is read.
    void reply.header('Connection', 'close');
    const { source, hook, refused } = this.limiters!;
    const known = await refused(request, { increment: false });
    assertWithin(known, 'What this address reported to this hook was refused too often.');
    assertWithin(await source(request), 'This address reports too often.');
    assertWithin(await hook(request), 'This hook is reported to too often.');
    if (this.held >= this.limits.atOnce) throw busy();
    void reply.removeHeader('Connection');
    this.held += 1;
    finished(reply.raw, () => (this.held -= 1));
  }

  /** Counts a call that was not believed, or of no hook. */
  async noteRefused(request: FastifyRequest): Promise<void> {
    await this.limiters!.refused(request);
  }
}

/** The token is a secret: what is kept in memory to count by need not be. */
const hookOf = (request: FastifyRequest): string =>
  digestOf(String((request.params as { token?: string }).token)).toString('base64url');

function assertWithin(answer: Awaited<ReturnType<Limiter>>, detail: string): void {
  if (answer.isAllowed || !answer.isExceeded) return;
  throw new Problem({
    status: 429,
    code: 'too-many-receipts',
    title: 'Too many receipts',
    detail,
    retryAfter: Math.max(1, answer.ttlInSeconds),
  });
}

const busy = (): Problem =>
  new Problem({
    status: 503,
    code: 'too-many-receipts',
    title: 'Too many receipts at once',
    detail: 'As many as the hub reads at once are being read.',
    retryAfter: 1,
  });
