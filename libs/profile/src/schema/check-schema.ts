import { pointerStep } from '@percorso/access';
import type { FieldError } from '@percorso/kernel';
import { FORMATS } from './formats';
import { LinearPattern, MOST_STEPS } from './linear-pattern';

const MAX_BYTES = 64 * 1024;
const MAX_DEPTH = 32;
/** Subschemas, with what is referred to counted wherever it is referred to. */
const MAX_PARTS = 1000;
/** Comparing all elements with each other takes the square of their number. */
const MAX_UNIQUE = 200;

type Json = Record<string, unknown>;

const ONE = new Set([
  'additionalProperties',
  'propertyNames',
  'items',
  'contains',
  'not',
  'if',
  'then',
  'else',
]);
const MANY = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems']);
const NAMED = new Set(['properties', 'patternProperties', '$defs', 'definitions']);
const PLAIN = new Set(
  `$schema $id $comment title description default examples deprecated readOnly writeOnly type enum const required
   minProperties maxProperties dependentRequired minItems maxItems uniqueItems minContains maxContains minLength maxLength
   pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf $ref`.split(/\s+/),
);

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What keeps a JSON Schema from being used here, each with its pointer; without any it can stall nobody. */
export function checkSchema(schema: unknown): FieldError[] {
  if (!isObject(schema))
    return [{ pointer: '', code: 'object-required', message: 'A schema is a JSON object.' }];
  if (Buffer.byteLength(JSON.stringify(schema)) > MAX_BYTES) {
    return [{ pointer: '', code: 'too-large', message: `A schema may have ${MAX_BYTES} bytes.` }];
  }
  const check = new SchemaCheck(schema);
  check.visit(schema, '', 1, []);
  return check.errors;
}

class SchemaCheck {
  readonly errors: FieldError[] = [];
  private parts = 0;
  private steps = 0;

  constructor(private readonly root: Json) {}

  visit(schema: unknown, pointer: string, depth: number, refs: readonly string[]): void {
    if (this.errors.length >= 20 || typeof schema === 'boolean') return;
    if (!isObject(schema))
      return this.refuse(pointer, 'object-required', 'A schema is an object or a boolean.');
    if (depth > MAX_DEPTH)
      return this.refuse(pointer, 'too-deep', `Schemas may be nested ${MAX_DEPTH} deep.`);
    if (++this.parts === MAX_PARTS) {
      this.refuse(pointer, 'too-large', `A schema may have ${MAX_PARTS} parts, references counted out.`);
    }
    if (this.parts >= MAX_PARTS) return;
    for (const [key, value] of Object.entries(schema)) {
      this.keyword(schema, key, value, pointer + pointerStep(key), depth, refs);
    }
  }

  private keyword(
    schema: Json,
    key: string,
    value: unknown,
    pointer: string,
    depth: number,
    refs: readonly string[],
  ): void {
    if (ONE.has(key)) return this.visit(value, pointer, depth + 1, refs);
    if (MANY.has(key)) {
      if (!Array.isArray(value))
        return this.refuse(pointer, 'array-required', 'A list of schemas is expected.');
      return value.forEach((part, index) => this.visit(part, `${pointer}/${index}`, depth + 1, refs));
    }
    if (NAMED.has(key)) return this.named(key, value, pointer, depth, refs);
    if (key === '$ref') return this.reference(value, pointer, depth, refs);
    if (key === 'pattern') return this.pattern(value, pointer);
    if (key === 'uniqueItems' && value === true && !(Number(schema.maxItems) <= MAX_UNIQUE)) {
      return this.refuse(pointer, 'unbounded', `uniqueItems needs maxItems of at most ${MAX_UNIQUE}.`);
    }
    if (key === 'format' && !(typeof value === 'string' && Object.hasOwn(FORMATS, value))) {
      return this.refuse(pointer, 'format-unknown', `Formats are ${Object.keys(FORMATS).join(', ')}.`);
    }
    if (!PLAIN.has(key) && !/^(meta:|xdm:|x-)/.test(key)) {
      this.refuse(pointer, 'keyword-unsupported', 'This keyword is not supported.');
    }
  }

  private named(key: string, value: unknown, pointer: string, depth: number, refs: readonly string[]): void {
    if (!isObject(value)) return this.refuse(pointer, 'object-required', 'Schemas by name are expected.');
    for (const [name, part] of Object.entries(value)) {
      const inner = pointer + pointerStep(name);
      if (key === 'patternProperties') this.pattern(name, inner);
      this.visit(part, inner, depth + 1, refs);
    }
  }

  private reference(value: unknown, pointer: string, depth: number, refs: readonly string[]): void {
    const [, section, name] =
      (typeof value === 'string' && /^#\/(\$defs|definitions)\/([\w.-]+)$/.exec(value)) || [];
    const named = section === undefined ? undefined : this.root[section];
    const target = isObject(named) && Object.hasOwn(named, name!) ? named[name!] : undefined;
    if (target === undefined) {
      return this.refuse(
        pointer,
        'reference-unknown',
        'References are to #/$defs/<name> of the same schema.',
      );
    }
    if (refs.includes(value as string)) {
      return this.refuse(pointer, 'reference-circular', 'A schema may not refer to itself.');
    }
    // Where it stands, not where it is used: that is where it can be mended.
    this.visit(target, (value as string).slice(1), depth + 1, [...refs, value as string]);
  }

  private pattern(value: unknown, pointer: string): void {
    if (typeof value !== 'string') return this.refuse(pointer, 'text-required', 'A pattern is a text.');
    try {
      this.steps += new LinearPattern(value).size;
    } catch (error) {
      return this.refuse(pointer, 'pattern-unsupported', (error as Error).message);
    }
    if (this.steps > MOST_STEPS) {
      this.refuse(pointer, 'too-large', `All patterns together may have ${MOST_STEPS} steps.`);
    }
  }

  private refuse(pointer: string, code: string, message: string): void {
    const known = this.errors.some((error) => error.pointer === pointer && error.code === code);
    if (!known) this.errors.push({ pointer, code, message });
  }
}
