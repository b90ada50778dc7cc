import { Answer, ANSWERS } from './answers';
import type { OperationObject, ResponsesObject } from './openapi-types';
import type { Route } from './route-table';

interface Described {
  description?: string;
  content?: Record<string, { schema?: object }>;
}

/** Gives every success answer that has none a description and, unless it is empty by nature, a schema. */
export function completeSuccess(operation: OperationObject, route: Route): void {
  const answer: Answer | undefined = ANSWERS[`${route.method} ${route.path}`];
  const responses = operation.responses as Record<string, Described>;
  for (const [status, response] of Object.entries(responses)) {
    if (!status.startsWith('2')) continue;
    response.description ||= answer?.description ?? operation.summary ?? 'Done.';
    if (!answer || hasSchema(response)) continue;
    response.description = answer.description;
    response.content = {
      'application/json': { schema: answer.schema },
      ...Object.fromEntries((answer.alsoAs ?? []).map((type) => [type, { schema: { type: 'string' } }])),
    };
  }
  operation.responses = responses as ResponsesObject;
}

const hasSchema = ({ content }: Described): boolean =>
  Object.values(content ?? {}).some(({ schema }) => schema !== undefined && Object.keys(schema).length > 0);
