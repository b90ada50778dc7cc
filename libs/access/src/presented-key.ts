import { Problem } from '@percorso/kernel';
import type { FastifyRequest } from 'fastify';

/**
 * The key a request presents: `Authorization: Bearer <key>`, or `Basic` with the key as user name, as Segment's
 * libraries send write keys; their browser library, which sends no header at all, puts it in the body as `writeKey`.
 */
export function presentedKey(request: FastifyRequest, mayBeInBody: boolean): string | undefined {
  const header = request.headers.authorization;
  if (header === undefined) return mayBeInBody ? bodyKey(request.body) : undefined;
  const [, scheme = '', credentials = ''] = /^(\S+) +(\S+)\s*$/.exec(header) ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return credentials;
    case 'basic':
      return Buffer.from(credentials, 'base64').toString('latin1').split(':', 1)[0];
    default:
      throw new Problem({
        status: 401,
        code: 'authorization-malformed',
        title: 'The Authorization header is malformed',
        detail: 'Send `Bearer <API key>`, or `Basic` with a write key as user name and no password.',
      });
  }
}

function bodyKey(body: unknown): string | undefined {
  if (body === null || typeof body !== 'object') return undefined;
  const { writeKey } = body as { writeKey?: unknown };
  return typeof writeKey === 'string' ? writeKey : undefined;
}
