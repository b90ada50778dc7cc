import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { OperationObject } from './openapi-types';
import { INGEST_SCOPE, INSTANCE_SCOPE } from '@percorso/access';
import { PROBLEM_RESPONSES, PROBLEM_SCHEMA, problemResponses } from './problem-responses';
import { describeRequest } from './request-schemas';
import { completeSuccess } from './success-responses';
import { Route, routeTable } from './route-table';
import { toJsonSchema2020 } from './schema-dialect';

const VERSION = '0.1.0';

type Operations = Record<string, OperationObject | undefined>;

/** OpenAPI 3.1 of this application: from its controllers, the classes that check requests, and the scopes the guard reads. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Percorso')
    .setDescription('The open customer-journeys hub. Refusals are RFC 9457 problems with JSON pointers.')
    .setVersion(VERSION)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', description: 'An API key, `pk_…`, of one workspace.' },
      'apiKey',
    )
    .addBasicAuth(
      { type: 'http', scheme: 'basic', description: 'A write key, `pw_…`, as user name; no password.' },
      'writeKey',
    )
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'The operator’s root key.' }, 'rootKey')
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: PROBLEM_SCHEMA },
    responses: PROBLEM_RESPONSES,
  };
  for (const route of routeTable(app)) {
    const operation = (document.paths[route.path] as Operations | undefined)?.[route.method.toLowerCase()];
    if (operation) complete(document, operation, route);
  }
  return toJsonSchema2020(document);
}

function complete(document: OpenAPIObject, operation: OperationObject, route: Route): void {
  const schemes = [...new Set(route.scopes.flatMap(schemesOf))];
  operation.security = schemes.map((scheme) => ({ [scheme]: [] }));
  if (!route.open) (operation as { 'x-scopes'?: string[] })['x-scopes'] = route.scopes;
  describeRequest(document, operation, route);
  completeSuccess(operation, route);
  if (route.method === 'POST' && !route.open && !route.scopes.includes(INGEST_SCOPE)) {
    operation.parameters = [...(operation.parameters ?? []), IDEMPOTENCY_KEY];
  }
  operation.responses = { ...problemResponses(route, operation), ...operation.responses };
}

/** API keys of scope `*` may send data too. */
function schemesOf(scope: string): string[] {
  if (scope === INSTANCE_SCOPE) return ['rootKey'];
  return scope === INGEST_SCOPE ? ['writeKey', 'apiKey'] : ['apiKey'];
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: false,
  description: 'The same key and body give the stored answer for 24 hours.',
  schema: { type: 'string', maxLength: 255 },
};
