import type { FastifyReply, FastifyRequest } from 'fastify';

const EXPOSED = 'ETag, Retry-After';
const USUAL_HEADERS = 'authorization, content-type, anonymousid, sentat, x-retry-count, if-none-match';

/**
 * Browsers of any site may send events: a write key is public by nature. The origin is named rather than `*`, which
 * is refused with credentials; some clients send them, though no cookie means anything here.
 */
export async function answerCors(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { origin } = request.headers;
  void reply.header('Vary', 'Origin');
  if (origin === undefined) return;
  void reply
    .header('Access-Control-Allow-Origin', origin)
    .header('Access-Control-Allow-Credentials', 'true')
    .header('Access-Control-Expose-Headers', EXPOSED);
  if (request.method !== 'OPTIONS') return;
  void reply
    .header('Access-Control-Allow-Methods', 'GET, POST, OPTIONS')
    .header(
      'Access-Control-Allow-Headers',
      request.headers['access-control-request-headers'] ?? USUAL_HEADERS,
    )
    .header('Access-Control-Max-Age', '86400');
}
