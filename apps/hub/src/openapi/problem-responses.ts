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

const problem = (description: string): object => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

/** The refusals a route can answer with, from what it asks for. */
export function problemResponses(route: Route, operation: OperationObject): ResponsesObject {
  if (route.open) return {};
  const ifMatch = operation.parameters?.some(
    (parameter) => 'name' in parameter && parameter.name === 'If-Match',
  );
  const writes = route.method !== 'GET';
  return {
    400: problem('The request cannot be read.'),
    401: problem('The key is missing, unknown, revoked or expired.'),
    403: problem('The key lacks the scope.'),
    404: problem('There is no such thing in this workspace.'),
    ...(writes
      ? { 409: problem('It conflicts with what is there.'), 413: problem('The body is too large.') }
      : {}),
    ...(writes ? { 415: problem('The body is not JSON.') } : {}),
    ...(ifMatch
      ? { 412: problem('Somebody changed it meanwhile.'), 428: problem('If-Match is missing.') }
      : {}),
    422: problem('Fields are missing, unknown or wrong; `errors` says which.'),
    429: problem('Too many requests with a wrong key.'),
    503: problem('The hub cannot reach what it needs; Retry-After says when to try again.'),
  } as ResponsesObject;
}
