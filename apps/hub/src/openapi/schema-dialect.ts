import type { OpenAPIObject } from '@nestjs/swagger';

/** OpenAPI 3.1 speaks JSON Schema 2020-12, which knows no `nullable`: null is one of the types. */
export function toJsonSchema2020(document: OpenAPIObject): OpenAPIObject {
  return convert(document) as OpenAPIObject;
}

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert);
  if (value === null || typeof value !== 'object') return value;
  const { nullable, ...rest } = Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, convert(inner)]),
  );
  if (nullable !== true) return nullable === undefined || nullable === false ? rest : { ...rest, nullable };
  if (typeof rest.type === 'string') return { ...rest, type: [rest.type, 'null'], ...withNull(rest.enum) };
  return { anyOf: [rest, { type: 'null' }] };
}

const withNull = (values: unknown): object => (Array.isArray(values) ? { enum: [...values, null] } : {});
