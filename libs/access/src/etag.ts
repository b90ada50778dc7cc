import {
  applyDecorators,
  CallHandler,
  createParamDecorator,
  ExecutionContext,
  Injectable,
  NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { Problem } from '@percorso/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, Observable } from 'rxjs';

/** `If-Match: *`: whatever version there is. */
export const ANY_VERSION = -1;
/** A tag that none of ours can equal; versions start at 1. */
const NO_VERSION = 0;

/** The version an If-Match header asks for. @throws Problem 428 when the header is missing. */
export function parseIfMatch(header: string | undefined): number {
  if (header === undefined || header.trim() === '') {
    throw new Problem({
      status: 428,
      code: 'if-match-required',
      title: 'If-Match is required',
      detail: 'Send the ETag of the version you read as If-Match, so that nobody’s change is overwritten.',
    });
  }
  if (header.trim() === '*') return ANY_VERSION;
  const match = /^"(\d{1,15})"$/.exec(header.trim());
  return match ? Number(match[1]) : NO_VERSION;
}

/** @throws Problem 412 unless the caller's version is the current one. */
export function assertVersion(expected: number, actual: number | string | bigint): void {
  if (expected === ANY_VERSION || expected === Number(actual)) return;
  throw new Problem({
    status: 412,
    code: 'version-mismatch',
    title: 'Somebody changed this meanwhile',
    detail: 'Read it again and repeat the change on the current version.',
  });
}

const ifMatch = createParamDecorator((_: unknown, context: ExecutionContext): number =>
  parseIfMatch(context.switchToHttp().getRequest<FastifyRequest>().headers['if-match']),
);

/** The version the caller edits, from If-Match; 428 when absent. Hand it to `assertVersion` inside the transaction. */
export function IfMatch(): ParameterDecorator {
  const read = ifMatch();
  return (target, key, index) => {
    read(target, key, index);
    const descriptor = key === undefined ? undefined : Object.getOwnPropertyDescriptor(target, key);
    if (key === undefined || !descriptor) return;
    ApiHeader({
      name: 'If-Match',
      required: true,
      description: 'The ETag of the version that was read.',
      schema: { type: 'string' },
    })(target, key, descriptor);
  };
}

@Injectable()
export class EtagInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    return next.handle().pipe(
      map((result: unknown) => {
        const version = (result as { version?: number | string } | null | undefined)?.version;
        if (version === undefined) return result;
        const tag = `"${version}"`;
        void reply.header('ETag', tag);
        if (request.method !== 'GET' || !matches(request.headers['if-none-match'], tag)) return result;
        void reply.status(304);
        return undefined;
      }),
    );
  }
}

const matches = (header: string | undefined, tag: string): boolean =>
  header !== undefined &&
  (header.trim() === '*' || header.split(',').some((part) => part.trim().replace(/^W\//, '') === tag));

/** Sets ETag from the answer's `version`, and answers 304 to a matching If-None-Match. */
export const Etag = (): MethodDecorator & ClassDecorator => applyDecorators(UseInterceptors(EtagInterceptor));
