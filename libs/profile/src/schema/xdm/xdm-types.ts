import type { FieldError } from '@percorso/kernel';
import { isObject, Json } from './json';

interface XdmType {
  type: string;
  format?: string;
  /** Both ends belong to it. Where Adobe's pages differ by one at the upper end, the larger. */
  range?: readonly [number, number];
}

const symmetric = (most: number): readonly [number, number] => [-most, most];

/** What `meta:xdmType` may say of a field, in words of JSON Schema. */
const TYPES: ReadonlyMap<unknown, XdmType> = new Map<unknown, XdmType>([
  ['string', { type: 'string' }],
  ['number', { type: 'number' }],
  ['long', { type: 'integer', range: symmetric(2 ** 53 - 1) }],
  ['int', { type: 'integer', range: symmetric(2 ** 31) }],
  ['short', { type: 'integer', range: symmetric(2 ** 15) }],
  ['byte', { type: 'integer', range: symmetric(2 ** 7) }],
  ['boolean', { type: 'boolean' }],
  ['date', { type: 'string', format: 'date' }],
  ['date-time', { type: 'string', format: 'date-time' }],
  ['map', { type: 'object' }],
  ['array', { type: 'array' }],
  ['object', { type: 'object' }],
]);

/** What the type a field says it has adds to what it says in JSON Schema. */
export function impliedBy(schema: Json): Json {
  const implied = TYPES.get(schema['meta:xdmType']);
  if (!implied) return {};
  const { type, format, range } = implied;
  const least = typeof schema.minimum === 'number' ? schema.minimum : -Infinity;
  const most = typeof schema.maximum === 'number' ? schema.maximum : Infinity;
  return {
    ...(schema.type === undefined ? { type } : {}),
    ...(format === undefined ? {} : { format }),
    ...(range ? { minimum: Math.max(range[0], least), maximum: Math.min(range[1], most) } : {}),
  };
}

/** How a field contradicts the type it says it has; XDM calls such a schema invalid. */
export function contradictions(schema: Json, pointer: string): FieldError[] {
  const named = schema['meta:xdmType'];
  if (named === undefined) return [];
  const refuse = (code: string, message: string, at = '/meta:xdmType'): FieldError[] => [
    { pointer: pointer + at, code, message },
  ];
  const implied = TYPES.get(named);
  if (!implied) return refuse('xdm-type-unknown', `XDM types are ${[...TYPES.keys()].join(', ')}.`);
  if (schema.type !== undefined && schema.type !== implied.type) {
    return refuse('xdm-type-mismatch', `The XDM type ${String(named)} is a JSON ${implied.type}.`, '/type');
  }
  if (implied.format !== undefined && ![undefined, implied.format].includes(schema.format as string)) {
    return refuse('xdm-type-mismatch', `The XDM type ${String(named)} has that format.`, '/format');
  }
  if (named !== 'map') return [];
  if (isObject(schema.properties) && Object.keys(schema.properties).length > 0) {
    return refuse('xdm-map-with-properties', 'The keys of a map are data.', '/properties');
  }
  if (!isObject(schema.additionalProperties)) {
    return refuse('xdm-map-without-values', 'A map says in additionalProperties what its values are.');
  }
  return [];
}
