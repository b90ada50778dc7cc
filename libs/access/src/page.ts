import { CallHandler, ExecutionContext, Injectable, NestInterceptor } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, Observable } from 'rxjs';
import { decodeCursor, encodeCursor } from './cursor';

export interface Page<T> {
  data: T[];
  /** Cursor of the next page; null when this is the last. */
  next: string | null;
}

/** Query of every list. */
export class PageQuery {
  @ApiPropertyOptional({ description: 'Where to go on: `next` of the page before.' })
  @IsOptional()
  @IsString()
  @MaxLength(4096)
  cursor?: string;

  @ApiPropertyOptional({
    description: 'Items a page.',
    type: 'integer',
    minimum: 1,
    maximum: 1000,
    default: 100,
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit: number = 100;
}

/** The page of `rows`, of which one more than `limit` was asked for; `cursorAfter` a row begins the page after it. */
export function pageOf<R, T>(
  rows: readonly R[],
  limit: number,
  view: (row: R) => T,
  cursorAfter: (row: R) => string,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { data: shown.map(view), next: rows.length > limit && last ? cursorAfter(last) : null };
}

/**
 * A page of a list that goes on after the last row of the page before.
 * @param read gives `most` rows after a position, the first ones after none
 * @param positionOf a row, as JSON
 * @throws Problem 400 for a cursor that was not handed out here
 */
export async function readPage<P extends object, R, T = R>(
  { cursor, limit }: PageQuery,
  read: (after: P | undefined, most: number) => Promise<readonly R[]>,
  positionOf: (row: R) => P,
  view: (row: R) => T = (row) => row as unknown as T,
): Promise<Page<T>> {
  const after = cursor === undefined ? undefined : decodeCursor<P>(cursor);
  return pageOf(await read(after, limit + 1), limit, view, (row) => encodeCursor(positionOf(row)));
}

/** `readPage` of a list in the order of its ids. */
export const readPageById = <R extends { id: string }, T = R>(
  query: PageQuery,
  read: (after: string | undefined, most: number) => Promise<readonly R[]>,
  view?: (row: R) => T,
): Promise<Page<T>> =>
  readPage(
    query,
    (after: { id: string } | undefined, most) => read(after?.id, most),
    ({ id }) => ({ id }),
    view,
  );

const isPage = (value: unknown): value is Page<unknown> =>
  value !== null &&
  typeof value === 'object' &&
  Array.isArray((value as Page<unknown>).data) &&
  typeof (value as Page<unknown>).next === 'string';

/** RFC 8288: every page but the last links to the next. */
@Injectable()
export class LinkInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    return next.handle().pipe(
      map((result: unknown) => {
        if (!isPage(result) || result.next === null) return result;
        const url = new URL(http.getRequest<FastifyRequest>().url, 'http://hub');
        url.searchParams.set('cursor', result.next);
        void http.getResponse<FastifyReply>().header('Link', `<${url.pathname}${url.search}>; rel="next"`);
        return result;
      }),
    );
  }
}
