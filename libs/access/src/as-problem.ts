import { HttpException } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import { isUnavailable } from '@percorso/storage';

const BY_STATUS: Record<number, { code: string; title: string; detail: string }> = {
  400: { code: 'malformed', title: 'Malformed request', detail: 'The request cannot be read.' },
  404: {
    code: 'no-such-route',
    title: 'No such route',
    detail: 'There is nothing at this path for this method.',
  },
  405: { code: 'method-not-allowed', title: 'Method not allowed', detail: 'This path knows other methods.' },
  408: { code: 'request-timeout', title: 'The request took too long', detail: 'Send it again, faster.' },
  413: { code: 'body-too-large', title: 'The body is too large', detail: 'Send less in one request.' },
  414: { code: 'url-too-long', title: 'The URL is too long', detail: 'Shorten the query.' },
  415: {
    code: 'media-type-unsupported',
    title: 'Unsupported media type',
    detail: 'Send JSON, with `Content-Type: application/json`.',
  },
  431: {
    code: 'headers-too-large',
    title: 'The headers are too large',
    detail: 'Send fewer or shorter headers.',
  },
};

/** PostgreSQL's refusals that say something about the request rather than about the hub. */
const BY_SQLSTATE: Record<string, { status: number; code: string; title: string; retryAfter?: number }> = {
  '22021': {
    status: 422,
    code: 'character-unsupported',
    title: 'A text has a character that cannot be stored',
  },
  '22P05': {
    status: 422,
    code: 'character-unsupported',
    title: 'A text has a character that cannot be stored',
  },
  '22P02': { status: 422, code: 'value-malformed', title: 'A value has not the form it needs' },
  '22003': { status: 422, code: 'number-out-of-range', title: 'A number is out of range' },
  '23505': { status: 409, code: 'exists-already', title: 'This exists already' },
  '40001': { status: 503, code: 'busy', title: 'Others changed the same; try again', retryAfter: 1 },
  '40P01': { status: 503, code: 'busy', title: 'Others changed the same; try again', retryAfter: 1 },
  '53300': { status: 503, code: 'busy', title: 'The database is busy; try again', retryAfter: 2 },
  '55P03': { status: 503, code: 'busy', title: 'Others changed the same; try again', retryAfter: 1 },
  '57014': { status: 503, code: 'busy', title: 'The database took too long; try again', retryAfter: 2 },
};

export const INTERNAL = {
  status: 500,
  code: 'internal',
  title: 'Something went wrong inside the hub',
  detail: 'It has been logged. The request may be tried again.',
};

/** What a caller hears about anything thrown. Messages of foreign errors are not passed on: they quote data. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isUnavailable(error)) {
    return new Problem({
      status: 503,
      code: 'unavailable',
      title: 'The hub cannot reach what it needs',
      retryAfter: 2,
      cause: error,
    });
  }
  const status = statusOf(error);
  const known = status === undefined ? undefined : BY_STATUS[status];
  if (status !== undefined && known) return new Problem({ status, ...known, cause: error });
  if (status !== undefined && status >= 400 && status < 500) {
    return new Problem({ status, code: 'refused', title: 'The request was refused', cause: error });
  }
  const sql = BY_SQLSTATE[codeOf(error) ?? ''];
  if (sql) return new Problem({ ...sql, cause: error });
  return new Problem({ ...INTERNAL, cause: error });
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && codeOf(error)?.startsWith('FST_') ? status : undefined;
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
