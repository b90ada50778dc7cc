import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { isType, mediaTypeOf, readBody, UnreadableBody } from './request-body';
import type { Call } from '../twins/http/http-provider';

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header' | 'cookie';
  required?: boolean;
  schema?: object;
}

interface Operation {
  parameters?: Pointed<Parameter>[];
  requestBody?: Pointed<{ required?: boolean; content: Record<string, { schema?: object }> }>;
}

type Pointed<T> = T | { $ref: string };
type PathItem = Record<string, Operation> & { parameters?: Pointed<Parameter>[] };

interface Document {
  paths: Record<string, PathItem>;
}

const ID = 'document';

/**
 * A vendor's own OpenAPI 3.0 or 3.1 document as a judge of requests: operation, parameters, and bodies in JSON (vendor
 * types such as application/vnd.api+json too) and forms.
 */
export class OpenApiContract {
  private readonly ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    validateSchema: false,
    // Formats that vendors made up judge nothing, and need no line each.
    logger: false,
  });
  private readonly validators = new Map<string, ValidateFunction>();

  private readonly document: Document;

  constructor(document: object) {
    this.document = withNull(document) as Document;
    addFormats(this.ajv);
    this.ajv.addSchema({ ...this.document, $id: ID }, ID);
  }

  /** @throws Error when the file is no JSON */
  static read(file: string): OpenApiContract {
    return new OpenApiContract(JSON.parse(readFileSync(file, 'utf8')) as object);
  }

  /** What of `call` the document does not allow; no text of the call but names is repeated. */
  problems(call: Call): string[] {
    const found = this.operationOf(call);
    if (!found) return [`${call.method} ${call.path}: the document has no such operation`];
    const { operation, template, values } = found;
    return [
      ...this.parameterProblems(found.item, operation, values, call),
      ...this.bodyProblems(operation, call),
    ].map((problem) => `${call.method} ${template}: ${problem}`);
  }

  private operationOf(call: Call) {
    const exact = (template: string): number => template.split('{').length;
    const templates = Object.keys(this.document.paths).sort((a, b) => exact(a) - exact(b));
    for (const template of templates) {
      const values = matchPath(template, call.path);
      const item = this.document.paths[template] as PathItem;
      const operation = item[call.method.toLowerCase()];
      if (values && operation) return { item, operation, template, values };
    }
    return undefined;
  }

  private parameterProblems(
    item: PathItem,
    operation: Operation,
    path: Record<string, string>,
    call: Call,
  ): string[] {
    const query = new URLSearchParams(call.query);
    const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((one) =>
      this.follow(one),
    );
    const known = new Set(parameters.filter((one) => one.in === 'query').map(({ name }) => name));
    const strangers = [...query.keys()].filter((name) => !known.has(name));
    const problems = strangers.map((name) => `the query parameter ${name} is not documented`);
    for (const { name, in: place, required, schema } of parameters) {
      if (place === 'cookie') continue;
      const value =
        place === 'path'
          ? path[name]
          : place === 'query'
            ? query.get(name)
            : call.headers[name.toLowerCase()];
      if (value === undefined || value === null) {
        if (required) problems.push(`the ${place} parameter ${name} is missing`);
      } else if (schema) {
        const at = `${place} parameter ${name}`;
        // Text as it stands, or what it reads as: numbers and booleans have no quotes here.
        const wrong = this.broken(schema, value, at);
        if (wrong.length > 0 && this.broken(schema, plainValue(value), at).length > 0)
          problems.push(...wrong);
      }
    }
    return problems;
  }

  private bodyProblems(operation: Operation, call: Call): string[] {
    const wanted = operation.requestBody && this.follow(operation.requestBody);
    if (call.body === '') return wanted?.required ? ['the body is missing'] : [];
    if (!wanted) return ['the document knows no body here'];
    const type = mediaTypeOf(call.headers['content-type']);
    const entry = Object.entries(wanted.content).find(([documented]) => isType(documented, type));
    if (!entry) return [`a body of ${type || 'no type'} is not documented`];
    const { schema } = entry[1];
    if (!schema) return [];
    try {
      const properties = this.propertiesOf(schema);
      const value = readBody(call.body, type, (name) => this.typeOf(properties?.[name]));
      const strangers =
        properties && typeof value === 'object' && value !== null
          ? Object.keys(value).filter((name) => !(name in properties))
          : [];
      return [
        ...strangers.map((name) => `the field ${name} is not documented`),
        ...this.broken(schema, value, 'body'),
      ];
    } catch (error) {
      if (error instanceof UnreadableBody) return [error.message];
      throw error;
    }
  }

  /** The properties a schema lists itself; undefined where it is put together otherwise. */
  private propertiesOf(schema: object): Record<string, object> | undefined {
    return (this.follow(schema as Pointed<object>) as { properties?: Record<string, object> }).properties;
  }

  private typeOf(schema: object | undefined): string | undefined {
    const type = schema && (this.follow(schema as Pointed<object>) as { type?: string | string[] }).type;
    return Array.isArray(type) ? type[0] : type;
  }

  private broken(schema: object, value: unknown, at: string): string[] {
    const validate = this.validatorOf(schema);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${at}${instancePath} ${message}${'additionalProperty' in params ? ` (${String(params['additionalProperty'])})` : ''}`,
    );
  }

  private validatorOf(schema: object): ValidateFunction {
    const key = JSON.stringify(schema);
    const known = this.validators.get(key);
    if (known) return known;
    const made = this.ajv.compile(rebased(schema) as object);
    this.validators.set(key, made);
    return made;
  }

  private follow<T>(pointed: Pointed<T>): T {
    let found: unknown = pointed;
    while (typeof (found as { $ref?: unknown }).$ref === 'string') {
      const steps = (found as { $ref: string }).$ref.replace(/^#\//, '').split('/');
      found = steps
        .map((step) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~'))
        .reduce((at: unknown, step) => (at as Record<string, unknown>)[step], this.document);
    }
    return found as T;
  }
}

/** The vendors' documents lie beside the repository, or in the `specs` of PERCORSO_SHARED; undefined where they do not. */
export function vendorDocument(name: string): string | undefined {
  const shared = process.env['PERCORSO_SHARED'] ?? join(__dirname, '..', '..', '..', '..', '..', 'shared');
  const file = join(shared, 'specs', name);
  return existsSync(file) ? file : undefined;
}

function matchPath(template: string, path: string): Record<string, string> | undefined {
  const names = [...template.matchAll(/\{([^}]+)\}/g)].map((match) => String(match[1]));
  const literal = template.split(/\{[^}]+\}/).map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const match = new RegExp(`^${literal.join('([^/]+)')}$`).exec(path);
  if (!match) return undefined;
  return Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(match[at + 1] ?? '')]));
}

/** OpenAPI 3.0 says of a schema of any type that it may be null; JSON Schema has no word for it. */
function withNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNull);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withNull(one)]));
  if (copy['nullable'] !== true || copy['type'] !== undefined) return copy;
  const { nullable: _, ...rest } = copy;
  return { anyOf: [rest, { type: 'null' }] };
}

/** References inside the document, seen from outside. */
function rebased(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(rebased);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === '$ref' && typeof value === 'string' && value.startsWith('#') ? `${ID}${value}` : rebased(value),
    ]),
  );
}

function plainValue(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== '' && !Number.isNaN(Number(text)) ? Number(text) : text;
}
