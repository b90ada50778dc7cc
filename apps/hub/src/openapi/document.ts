import type { INestApplication, Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants';
import { DocumentBuilder, OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { OperationObject, SchemaObject } from './openapi-types';
import { INGEST_SCOPE, INSTANCE_SCOPE } from '@percorso/access';
import { PROBLEM_SCHEMA, problemResponses } from './problem-responses';
import { JsonSchema, schemaOfClass } from './schema-of-class';
import { Route, routeTable } from './route-table';
import { toJsonSchema2020 } from './schema-dialect';

const BODY_ARGUMENT = 3;
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
  };
  for (const route of routeTable(app)) {
    const operation = (document.paths[route.path] as Operations | undefined)?.[route.method.toLowerCase()];
    if (operation) complete(document, operation, route);
  }
  return toJsonSchema2020(document);
}

function complete(document: OpenAPIObject, operation: OperationObject, route: Route): void {
  operation.security = route.open ? [] : route.scopes.map((scope) => ({ [schemeOf(scope)]: [] }));
  if (!route.open) (operation as unknown as JsonSchema)['x-scopes'] = route.scopes;
  describeBody(document, operation, route);
  if (route.method === 'POST' && !route.open && !route.scopes.includes(INGEST_SCOPE)) {
    operation.parameters = [...(operation.parameters ?? []), IDEMPOTENCY_KEY];
  }
  operation.responses = { ...problemResponses(route, operation), ...operation.responses };
}

const schemeOf = (scope: string): string =>
  scope === INSTANCE_SCOPE ? 'rootKey' : scope === INGEST_SCOPE ? 'writeKey' : 'apiKey';

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: false,
  description: 'The same key and body give the stored answer for 24 hours.',
  schema: { type: 'string', maxLength: 255 },
};

function describeBody(document: OpenAPIObject, operation: OperationObject, route: Route): void {
  const type = bodyClass(route);
  if (!type) return;
  const schemas = document.components?.schemas ?? {};
  const checked = schemaOfClass(type) as SchemaObject;
  const known = schemas[type.name];
  schemas[type.name] = known && !('$ref' in known) ? merge(checked, known) : checked;
  const reference = { $ref: `#/components/schemas/${type.name}` };
  operation.requestBody = { required: true, content: { 'application/json': { schema: reference } } };
}

/** What the check says, with the words and richer types that the class adds for readers. */
function merge(checked: SchemaObject, described: SchemaObject): SchemaObject {
  const properties = { ...described.properties };
  for (const [name, schema] of Object.entries(checked.properties ?? {})) {
    const words = properties[name];
    properties[name] = words && '$ref' in words ? words : { ...schema, ...words };
  }
  return { ...described, ...checked, properties };
}

function bodyClass({ controller, handler }: Route): Type | undefined {
  const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, handler) ?? {}) as Record<
    string,
    { index: number; data?: unknown }
  >;
  const found = Object.entries(args).find(
    ([key, { data }]) => Number(key.split(':')[0]) === BODY_ARGUMENT && data === undefined,
  );
  if (!found) return undefined;
  const types = Reflect.getMetadata('design:paramtypes', controller.prototype as object, handler) as
    Type[] | undefined;
  const type = types?.[found[1].index];
  return type && ![Object, Array, String, Buffer as unknown].includes(type) ? type : undefined;
}
