import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { ByteBudget } from './byte-budget';
import { answerCors } from './cors';
import type { ItemType } from './ingest-item';
import { refusedRequests, waitingBytes } from './ingest-metrics';
import { underPressure, unsupportedType } from './ingest-problems';
import { declaredTooLong, inflateBody, readBytes } from './raw-body';
import { CollectedBody, readBatch, readSingle } from './request-body';

/** What a collection route takes: a batch, or one item of a type. Set as the route's `config.collects`. */
export type Collects = 'batch' | ItemType;

export interface BodyReaderOptions {
  budget: ByteBudget;
  /** Milliseconds a body may take to arrive. @default 20000 */
  bodyDeadlineMs?: number;
}

/** No client sends it: a collection request is given it, whatever it says of itself, so that its own parser reads it. */
const CONTENT_TYPE = 'application/x-percorso-collect';

const collectsOf = (config: object | undefined): Collects | undefined =>
  (config as { collects?: Collects } | undefined)?.collects;

/** By what the headers say, before a byte of the body is read; the connection ends, for the body still comes. */
function refuseEarly(request: FastifyRequest, reply: FastifyReply, budget: ByteBudget): void {
  const problem = declaredTooLong(request.headers) ?? (budget.full ? underPressure() : undefined);
  if (!problem) return;
  void reply.header('connection', 'close');
  throw problem;
}

async function countRefusal(_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (reply.statusCode >= 400) refusedRequests.inc({ status: reply.statusCode });
}

function body(bytes: Buffer, collects: Collects): CollectedBody {
  return collects === 'batch' ? readBatch(bytes) : readSingle(bytes, collects);
}

/**
 * Gives the routes whose config names `collects` their own body reader and CORS answers; all others stay as they are.
 * Must be called before those routes are registered. Their `request.body` becomes a CollectedBody.
 */
export function registerCollectReader(fastify: FastifyInstance, options: BodyReaderOptions): void {
  const { budget, bodyDeadlineMs = 20_000 } = options;

  const takers = new WeakMap<FastifyRequest, (bytes: number) => boolean>();

  async function beforeBody(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    refuseEarly(request, reply, budget);
    request.headers['content-type'] = CONTENT_TYPE;
    let held = 0;
    takers.set(request, (bytes) => {
      if (!budget.take(bytes)) return false;
      held += bytes;
      waitingBytes.set(budget.waiting);
      return true;
    });
    reply.raw.once('close', () => {
      budget.give(held);
      waitingBytes.set(budget.waiting);
    });
  }

  fastify.addContentTypeParser(
    CONTENT_TYPE,
    async (request: FastifyRequest, payload: FastifyRequest['raw']) => {
      const collects = collectsOf(request.routeOptions.config);
      const take = takers.get(request);
      if (!collects || !take) throw unsupportedType();
      const sent = await readBytes(payload, take, bodyDeadlineMs);
      const bytes = await inflateBody(sent, request.headers['content-encoding']);
      if (bytes !== sent && !take(bytes.length)) throw underPressure();
      return body(bytes, collects);
    },
  );

  fastify.addHook('onRoute', (route: RouteOptions) => {
    const collects = collectsOf(route.config);
    if (!collects) return;
    route.onRequest = answerCors;
    if (route.method !== 'POST') return;
    route.preParsing = beforeBody;
    route.onResponse = countRefusal;
  });
}
