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
/** A tag that none of ours can equal. */
const NO_VERSION = -2;

const required = (): Problem =>
  new Problem({
    status: 428,
    code: 'if-match-required',
    title: 'If-Match is required',
    detail: 'Send the ETag of the version you read as If-Match, so that nobody’s change is overwritten.',
  });

const isAbsent = (header: string | undefined): header is undefined | '' =>
  header === undefined || header.trim() === '';

/** The version an If-Match header asks for. @throws Problem 428 when the header is missing. */
export function parseIfMatch(header: string | undefined): number {
  if (isAbsent(header)) throw required();
  if (header.trim() === '*') return ANY_VERSION;
  const match = /^"(\d{1,15})"$/.exec(header.trim());
  return match ? Number(match[1]) : NO_VERSION;
}

/**
 * Of something that may be new, either may be undefined: no version is expected of what is not there.
 * @throws Problem 412 unless the caller's version is the current one; 428 when there is one and none was given
 */
export function assertVersion(
  expected: number | undefined,
  actual: number | string | bigint | undefined,
): void {
  if (expected === undefined && actual !== undefined) throw required();
  if (expected === undefined || (expected === ANY_VERSION && actual !== undefined)) return;
  if (actual !== undefined && expected === Number(actual)) return;
  throw new Problem({
    status: 412,
    code: 'version-mismatch',
    title: 'Somebody changed this meanwhile',
    detail: 'Read it again and repeat the change on the current version.',
  });
}

const headerOf = (context: ExecutionContext): string | undefined =>
  context.switchToHttp().getRequest<FastifyRequest>().headers['if-match'];

const ifMatch = createParamDecorator((_: unknown, context: ExecutionContext): number =>
  parseIfMatch(headerOf(context)),
);

const ifMatchOfExisting = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const header = headerOf(context);
  return isAbsent(header) ? undefined : parseIfMatch(header);
});

/** The version the caller edits, from If-Match; 428 when absent. Hand it to `assertVersion` inside the transaction. */
export const IfMatch = (): ParameterDecorator =>
  documented(ifMatch(), { required: true, description: 'The ETag of the version that was read.' });

/** The same of what this request may make: undefined when absent, for `assertVersion` to know whether one is needed. */
export const IfMatchOfExisting = (): ParameterDecorator =>
  documented(ifMatchOfExisting(), {
    required: false,
    description: 'The ETag of the version that was read; needed unless this is new.',
  });

function documented(
  read: ParameterDecorator,
  header: { required: boolean; description: string },
): ParameterDecorator {
  return (target, key, index) => {
    read(target, key, index);
    const descriptor = key === undefined ? undefined : Object.getOwnPropertyDescriptor(target, key);
    if (key === undefined || !descriptor) return;
    ApiHeader({ name: 'If-Match', ...header, schema: { type: 'string' } })(target, key, descriptor);
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
