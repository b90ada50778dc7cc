import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';

/** No client sends it: a receipt is given it, whatever it says of itself, so that its bytes are kept as they came. */
const CONTENT_TYPE = 'application/x-percorso-receipt';

/** As for receipts that are handed in. Anybody may call these routes: what they hold of memory is bounded. */
const MAX_BYTES = 1_000_000;

const keepsBytes = (config: object | undefined): boolean =>
  (config as { keepsBytes?: boolean } | undefined)?.keepsBytes === true;

export interface RawBodyOptions {
  /** Milliseconds until a body must be there; a connection that is slower is cut. */
  bodyMs: number;
  /** Asked before anything is read; throws to refuse. */
  admit(request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

/**
 * Gives the routes whose config says `keepsBytes` the body's text as it came, which is what providers sign; their
 * `request.body` is a string. Must be called before those routes are registered.
 */
export function registerRawBodies(fastify: FastifyInstance, { bodyMs, admit }: RawBodyOptions): void {
  const types = new WeakMap<FastifyRequest, string | undefined>();

  async function setAside(request: FastifyRequest): Promise<void> {
    types.set(request, request.headers['content-type']);
    request.headers['content-type'] = CONTENT_TYPE;
    // Where a body is refused by its length nobody reads to its end: what is left of the time keeps no process up.
    const late = setTimeout(() => request.raw.destroy(), bodyMs).unref();
    request.raw.once('end', () => clearTimeout(late)).once('close', () => clearTimeout(late));
  }

  fastify.addContentTypeParser(
    CONTENT_TYPE,
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      request.headers['content-type'] = types.get(request);
      return body.toString('utf8');
    },
  );

  fastify.addHook('onRoute', (route: RouteOptions) => {
    if (!keepsBytes(route.config)) return;
    route.onRequest = admit;
    route.preParsing = setAside;
    route.bodyLimit = MAX_BYTES;
  });
}
