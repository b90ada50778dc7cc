import type { OperationObject, ResponsesObject, SchemaObject } from './openapi-types';
import type { Route } from './route-table';

export const PROBLEM_SCHEMA: SchemaObject = {
  type: 'object',
  description: 'RFC 9457.',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string', description: '`urn:percorso:problem:<code>`' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'Stable; programs decide by it.' },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'code', 'message'],
        properties: {
          pointer: {
            type: 'string',
            description: 'RFC 6901 pointer into the body, or the name of a parameter.',
          },
          code: { type: 'string' },
          message: { type: 'string' },
        },
      },
    },
  },
};

const MEANINGS: Record<number, string> = {
  400: 'The request cannot be read.',
  401: 'The key is missing, unknown, revoked or expired.',
  403: 'The key lacks the scope.',
  404: 'There is no such thing in this workspace.',
  409: 'It conflicts with what is there.',
  412: 'Somebody changed it meanwhile.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  422: 'Fields are missing, unknown or wrong; `errors` says which.',
  428: 'If-Match is missing.',
  429: 'Too many requests with a wrong key.',
  503: 'The hub cannot reach what it needs; Retry-After says when to try again.',
};

const nameOf = (status: number): string => `Problem${status}`;

/** One response component per status. */
export const PROBLEM_RESPONSES = Object.fromEntries(
  Object.entries(MEANINGS).map(([status, description]) => [
    nameOf(Number(status)),
    {
      description,
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  ]),
);

/** The refusals a route can answer with, from what it asks for. */
export function problemResponses(route: Route, operation: OperationObject): ResponsesObject {
  if (route.open) return {};
  const ifMatch = operation.parameters?.some((known) => 'name' in known && known.name === 'If-Match');
  const statuses = [400, 401, 403, 404, 422, 429, 503];
  if (route.method !== 'GET') statuses.push(409);
  if (operation.requestBody) statuses.push(413, 415);
  if (ifMatch) statuses.push(412, 428);
  return Object.fromEntries(
    statuses.map((status) => [status, { $ref: `#/components/responses/${nameOf(status)}` }]),
  );
}
