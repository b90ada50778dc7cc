import type { Type } from '@nestjs/common';
import { getMetadataStorage } from 'class-validator';
import type { ValidationMetadata } from 'class-validator/types/metadata/ValidationMetadata';
import { defaultMetadataStorage } from 'class-transformer/cjs/storage';

export type JsonSchema = Record<string, unknown>;

type Rule = (args: unknown[]) => JsonSchema;

const RULES: Record<string, Rule> = {
  isString: () => ({ type: 'string' }),
  isBoolean: () => ({ type: 'boolean' }),
  isInt: () => ({ type: 'integer' }),
  isNumber: () => ({ type: 'number' }),
  isObject: () => ({ type: 'object' }),
  isNotEmptyObject: () => ({ type: 'object', minProperties: 1 }),
  isArray: () => ({ type: 'array' }),
  isUuid: () => ({ type: 'string', format: 'uuid' }),
  isEmail: () => ({ type: 'string', format: 'email' }),
  isUrl: () => ({ type: 'string', format: 'uri' }),
  isIso8601: () => ({ type: 'string', format: 'date-time' }),
  isDateString: () => ({ type: 'string', format: 'date-time' }),
  isDate: () => ({ type: 'string', format: 'date-time' }),
  isTimeZone: () => ({ type: 'string' }),
  isNotEmpty: () => ({ minLength: 1 }),
  minLength: ([length]) => ({ minLength: length }),
  maxLength: ([length]) => ({ maxLength: length }),
  isLength: ([min, max]) => ({ minLength: min, ...(max === undefined ? {} : { maxLength: max }) }),
  min: ([least]) => ({ minimum: least }),
  max: ([most]) => ({ maximum: most }),
  isPositive: () => ({ exclusiveMinimum: 0 }),
  arrayMinSize: ([size]) => ({ minItems: size }),
  arrayMaxSize: ([size]) => ({ maxItems: size }),
  arrayNotEmpty: () => ({ minItems: 1 }),
  arrayUnique: () => ({ uniqueItems: true }),
  isIn: ([values]) => ({ enum: values }),
  isEnum: ([values]) => ({ enum: Object.values(values as object) }),
  matches: ([pattern]) => (pattern instanceof RegExp ? { pattern: pattern.source } : {}),
};

/** Rules about an array itself, where others of the same property are about its items. */
const OF_ARRAY = new Set(['isArray', 'arrayMinSize', 'arrayMaxSize', 'arrayNotEmpty', 'arrayUnique']);

/** The schema of a request class as class-validator checks it, so that document and check cannot differ. */
export function schemaOfClass(type: Type): JsonSchema {
  const all = getMetadataStorage().getTargetValidationMetadatas(type, '', true, false);
  const byProperty = new Map<string, ValidationMetadata[]>();
  for (const found of all) {
    byProperty.set(found.propertyName, [...(byProperty.get(found.propertyName) ?? []), found]);
  }
  const defaults = new type() as Record<string, unknown>;
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const [name, rules] of byProperty) {
    properties[name] = {
      ...schemaOfProperty(type, name, rules),
      ...(isPlain(defaults[name]) ? { default: defaults[name] } : {}),
    };
    const optional =
      rules.some((rule) => rule.type === 'conditionalValidation') || defaults[name] !== undefined;
    if (!optional) required.push(name);
  }
  return {
    type: 'object',
    additionalProperties: false,
    properties,
    ...(required.length > 0 ? { required } : {}),
  };
}

function schemaOfProperty(type: Type, name: string, rules: ValidationMetadata[]): JsonSchema {
  const nested = rules.find((rule) => rule.type === 'nestedValidation');
  const isArray = rules.some((rule) => rule.each || OF_ARRAY.has(rule.name ?? ''));
  const itself: JsonSchema = {};
  const items: JsonSchema = nested ? nestedSchema(type, name) : {};
  for (const rule of rules) {
    const found = RULES[rule.name ?? '']?.(rule.constraints ?? []) ?? {};
    Object.assign(isArray && !OF_ARRAY.has(rule.name ?? '') ? items : itself, found);
  }
  if (!isArray) return { ...itself, ...items };
  return { ...itself, type: 'array', items };
}

function nestedSchema(type: Type, name: string): JsonSchema {
  const transform = defaultMetadataStorage.findTypeMetadata(type, name);
  const inner = transform?.typeFunction() as Type | undefined;
  return inner ? schemaOfClass(inner) : { type: 'object' };
}

const isPlain = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);
