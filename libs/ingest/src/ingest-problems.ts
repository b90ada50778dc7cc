import { Problem } from '@percorso/kernel';

/** 400: for a request of which nothing can be read. Clients drop what they sent and do not repeat it. */
export const unreadable = (code: string, detail: string, pointer = ''): Problem =>
  new Problem({
    status: 400,
    code,
    title: 'The request cannot be read',
    detail,
    errors: [{ pointer, code, message: detail }],
  });

export const tooLarge = (detail: string): Problem =>
  new Problem({ status: 413, code: 'too-large', title: 'The request is too large', detail });

export const unsupportedEncoding = (): Problem =>
  new Problem({
    status: 415,
    code: 'unsupported-encoding',
    title: 'Unsupported content encoding',
    detail: 'Send the body as it is, or with Content-Encoding gzip, deflate or br.',
  });

export const unsupportedType = (): Problem =>
  new Problem({
    status: 415,
    code: 'media-type-unsupported',
    title: 'Unsupported media type',
    detail: 'Send JSON, with `Content-Type: application/json`.',
  });

export const underPressure = (): Problem =>
  new Problem({
    status: 429,
    code: 'under-pressure',
    title: 'Too many requests are waiting',
    detail: 'Send the same events again later.',
    retryAfter: 1,
  });

export const bodyTimeout = (): Problem =>
  new Problem({ status: 408, code: 'body-timeout', title: 'The body did not arrive in time' });

export const notCommitted = (cause?: unknown): Problem =>
  new Problem({
    status: 503,
    code: 'not-committed',
    title: 'The events could not be stored now',
    detail: 'Send the same events again later; those already stored are recognised by their messageId.',
    retryAfter: 2,
    cause,
  });
