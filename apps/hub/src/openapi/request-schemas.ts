import type { Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { OperationObject, SchemaObject } from './openapi-types';
import type { Route } from './route-table';
import { schemaOfClass } from './schema-of-class';

type Place = RouteParamtypes.BODY | RouteParamtypes.QUERY;

/** Body and query of an operation as they are checked. */
export function describeRequest(document: OpenAPIObject, operation: OperationObject, route: Route): void {
  const body = classOf(route, RouteParamtypes.BODY);
  if (body) describeBody(document, operation, body);
  const query = classOf(route, RouteParamtypes.QUERY);
  if (query) describeQuery(operation, query);
}

function describeBody(document: OpenAPIObject, operation: OperationObject, type: Type): void {
  const schemas = document.components?.schemas ?? {};
  const checked = schemaOfClass(type) as SchemaObject;
  const known = schemas[type.name];
  schemas[type.name] = known && !('$ref' in known) ? merge(checked, known) : checked;
  const schema = { $ref: `#/components/schemas/${type.name}` };
  operation.requestBody = { required: true, content: { 'application/json': { schema } } };
}

function describeQuery(operation: OperationObject, type: Type): void {
  const checked = schemaOfClass(type) as { properties: Record<string, object>; required?: string[] };
  const parameters = (operation.parameters ??= []);
  for (const [name, schema] of Object.entries(checked.properties)) {
    if (parameters.some((known) => 'name' in known && known.name === name && known.in === 'query')) continue;
    parameters.push({ name, in: 'query', required: checked.required?.includes(name) ?? false, schema });
  }
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

const PLAIN: readonly unknown[] = [Object, Array, String, Number, Boolean, Buffer];

function classOf({ controller, handler }: Route, place: Place): Type | undefined {
  const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, handler) ?? {}) as Record<
    string,
    { index: number; data?: unknown }
  >;
  const found = Object.entries(args).find(
    ([key, { data }]) => Number(key.split(':')[0]) === place && data === undefined,
  );
  if (!found) return undefined;
  const prototype = controller.prototype as object;
  const types = Reflect.getMetadata('design:paramtypes', prototype, handler) as Type[] | undefined;
  const type = types?.[found[1].index];
  return type && !PLAIN.includes(type) ? type : undefined;
}
