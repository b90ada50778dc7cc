import type { FastifyRequest } from 'fastify';
import { type ExportCursor, writeCursor } from './export-cursor';

/** Exactly one of the two: more of this list now, or what changes later. */
export type Continuation = { nextLink: string } | { deltaLink: string };

/** Makes absolute links that keep the reader's choice of fields, format and channel. */
export class ExportLinks {
  private readonly base: string;

  constructor(
    private readonly request: Pick<FastifyRequest, 'protocol' | 'host' | 'url'>,
    publicUrl?: string,
  ) {
    this.base = (publicUrl ?? `${request.protocol}://${request.host}`).replace(/\/+$/, '');
  }

  to(cursor: ExportCursor): string {
    const query = new URL(this.request.url, 'http://hub').searchParams;
    query.set('cursor', writeCursor(cursor));
    return `${this.base}/v1/audiences/${cursor.audienceId}/${cursor.of}?${query.toString()}`;
  }

  /** Where to read everything anew. */
  members(audienceId: string): string {
    const query = new URL(this.request.url, 'http://hub').searchParams;
    query.delete('cursor');
    const text = query.toString();
    return `${this.base}/v1/audiences/${audienceId}/members${text ? `?${text}` : ''}`;
  }
}

/** RFC 8288. The relation `delta` is the one pollers know from OData. */
export const linkHeader = (next: Continuation): string =>
  'nextLink' in next ? `<${next.nextLink}>; rel="next"` : `<${next.deltaLink}>; rel="delta"`;
