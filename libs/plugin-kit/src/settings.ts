import 'reflect-metadata';
import { Allow, getMetadataStorage, IS_OPTIONAL, validateSync, type ValidationError } from 'class-validator';
import type { ValidationMetadata } from 'class-validator/types/metadata/ValidationMetadata';

export interface SettingHints {
  title?: string;
  description?: string;
  placeholder?: string;
}

interface Field extends SettingHints {
  key: string;
  secret: boolean;
}

export type SettingsClass<S extends object = object> = new () => S;

// The same in every copy of this package: a plugin that was bundled into one file brings its own.
const FIELDS = Symbol.for('@percorso/plugin-kit settings');

function mark(secret: boolean, hints: SettingHints): PropertyDecorator {
  return (target, key) => {
    const inherited = (Reflect.getMetadata(FIELDS, target) as Field[] | undefined) ?? [];
    Reflect.defineMetadata(FIELDS, [...inherited, { ...hints, key: String(key), secret }], target);
    Allow()(target, String(key));
  };
}

/** A value the admin sets. Add class-validator decorators for its rules; a property initializer is its default. */
export function Setting(hints: SettingHints = {}): PropertyDecorator {
  return mark(false, hints);
}

/** A value that is stored encrypted, reaches only this plugin's process and is never shown again. */
export function Secret(hints: SettingHints = {}): PropertyDecorator {
  return mark(true, hints);
}

function fieldsOf(settings: SettingsClass): Field[] {
  return (Reflect.getMetadata(FIELDS, settings.prototype) as Field[] | undefined) ?? [];
}

/** The names of the secret settings. */
export function secretFields(settings: SettingsClass): string[] {
  return fieldsOf(settings).flatMap((field) => (field.secret ? [field.key] : []));
}

export interface SettingsError {
  /** RFC 6901 pointer into the settings, e.g. `/host`. */
  pointer: string;
  code: string;
  message: string;
}

/** The settings object with defaults filled in, or what is wrong with it. Never repeats a value. */
export function validateSettings<S extends object>(
  settings: SettingsClass<S>,
  given: Record<string, unknown>,
): { value: S } | { errors: SettingsError[] } {
  const value = new settings();
  const known = new Set(fieldsOf(settings).map((field) => field.key));
  const strangers = Object.keys(given).filter((key) => !known.has(key));
  for (const key of known) {
    if (Object.hasOwn(given, key)) (value as Record<string, unknown>)[key] = given[key];
  }
  const errors: SettingsError[] = strangers.map((key) => ({
    pointer: `/${escapePointer(key)}`,
    code: 'unknown-setting',
    message: 'This plugin has no such setting.',
  }));
  for (const error of validateSync(value, { forbidUnknownValues: false })) errors.push(...flatten(error));
  return errors.length > 0 ? { errors } : { value };
}

function flatten(error: ValidationError): SettingsError[] {
  return Object.entries(error.constraints ?? {}).map(([constraint, message]) => ({
    pointer: `/${escapePointer(error.property)}`,
    code: constraint.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    message,
  }));
}

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

export interface JsonSchema {
  [keyword: string]: unknown;
}

/** JSON Schema 2020-12 of the settings: the API validates against it, forms are drawn from it. Secrets are writeOnly. */
export function settingsSchema(settings: SettingsClass): JsonSchema {
  const defaults = new settings() as Record<string, unknown>;
  const rules = getMetadataStorage().getTargetValidationMetadatas(settings, '', false, false);
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const field of fieldsOf(settings)) {
    const mine = rules.filter((rule) => rule.propertyName === field.key);
    const schema = propertySchema(settings, field, mine);
    if (defaults[field.key] !== undefined) schema['default'] = defaults[field.key];
    else if (!mine.some((rule) => rule.name === IS_OPTIONAL || rule.type === 'conditionalValidation')) {
      required.push(field.key);
    }
    properties[field.key] = schema;
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    additionalProperties: false,
    properties,
    required,
  };
}

function propertySchema(settings: SettingsClass, field: Field, rules: ValidationMetadata[]): JsonSchema {
  const schema: JsonSchema = {};
  const type = TYPES.get(Reflect.getMetadata('design:type', settings.prototype, field.key));
  if (type) schema['type'] = type;
  for (const rule of rules) {
    const keywords = RULES[rule.name ?? '']?.(rule.constraints ?? []) ?? {};
    if (rule.each) {
      schema['type'] = 'array';
      schema['items'] = { ...(schema['items'] as JsonSchema | undefined), ...keywords };
    } else {
      Object.assign(schema, keywords);
    }
  }
  if (field.title !== undefined) schema['title'] = field.title;
  if (field.description !== undefined) schema['description'] = field.description;
  if (field.placeholder !== undefined) schema['examples'] = [field.placeholder];
  if (field.secret) Object.assign(schema, { writeOnly: true, format: 'password' });
  return schema;
}

const TYPES = new Map<unknown, string>([
  [String, 'string'],
  [Number, 'number'],
  [Boolean, 'boolean'],
  [Array, 'array'],
]);

const RULES: Record<string, (constraints: unknown[]) => JsonSchema> = {
  isString: () => ({ type: 'string' }),
  isNumber: () => ({ type: 'number' }),
  isInt: () => ({ type: 'integer' }),
  isBoolean: () => ({ type: 'boolean' }),
  isArray: () => ({ type: 'array' }),
  isNotEmpty: () => ({ minLength: 1 }),
  isUrl: () => ({ type: 'string', format: 'uri' }),
  isEmail: () => ({ type: 'string', format: 'email' }),
  isIn: ([values]) => ({ enum: values }),
  isEnum: ([values]) => ({ enum: Object.values(values as object) }),
  min: ([limit]) => ({ minimum: limit }),
  max: ([limit]) => ({ maximum: limit }),
  isLength: ([min, max]) => ({ minLength: min, ...(max === undefined ? {} : { maxLength: max }) }),
  minLength: ([limit]) => ({ minLength: limit }),
  maxLength: ([limit]) => ({ maxLength: limit }),
  matches: ([pattern]) => ({ pattern: (pattern as RegExp).source }),
  arrayMinSize: ([limit]) => ({ minItems: limit }),
  arrayMaxSize: ([limit]) => ({ maxItems: limit }),
};
