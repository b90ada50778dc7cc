import fc from 'fast-check';
import { createHash } from 'node:crypto';
import type { Json } from './json';

/** A field as XDM writes it, with values that it allows. */
interface XdmField {
  schema: Json;
  values: fc.Arbitrary<unknown>;
  /** What it refers to. */
  definitions: Json;
}

const plain = (schema: Json, values: fc.Arbitrary<unknown>): XdmField => ({
  schema,
  values,
  definitions: {},
});

const integer = (xdmType: string, most: number): fc.Arbitrary<XdmField> =>
  fc.tuple(fc.maxSafeInteger(), fc.maxSafeInteger(), fc.boolean()).map(([one, other, bounded]) => {
    const within = (value: number): number => Math.max(-most, Math.min(most, value));
    const [min, max] = [within(Math.min(one, other)), within(Math.max(one, other))];
    const bounds = bounded ? { minimum: min, maximum: max } : {};
    const values = bounded ? fc.integer({ min, max }) : fc.integer({ min: -most, max: most });
    return plain({ type: 'integer', 'meta:xdmType': xdmType, ...bounds }, values);
  });

const text = fc
  .integer({ min: 0, max: 4 })
  .map((minLength) =>
    plain(
      { type: 'string', 'meta:xdmType': 'string', minLength, maxLength: 8 },
      fc.string({ unit: 'grapheme-ascii', minLength, maxLength: 8 }),
    ),
  );

const choice = fc
  .uniqueArray(fc.string(), { minLength: 1, maxLength: 4 })
  .map((values) =>
    plain(
      { type: 'string', enum: values, 'meta:enum': { [values[0]!]: 'A value' } },
      fc.constantFrom(...values),
    ),
  );

const time = fc.date({ min: new Date('1900-01-01'), max: new Date('2200-01-01'), noInvalidDate: true });

const scalar: fc.Arbitrary<XdmField> = fc.oneof(
  text,
  choice,
  integer('long', 2 ** 53 - 1),
  integer('int', 2 ** 31),
  integer('short', 2 ** 15),
  integer('byte', 2 ** 7),
  fc.constantFrom(
    plain({ type: 'number', 'meta:xdmType': 'number' }, fc.double({ noNaN: true, noDefaultInfinity: true })),
    plain({ type: 'boolean', 'meta:xdmType': 'boolean' }, fc.boolean()),
    plain(
      { type: 'string', format: 'date', 'meta:xdmType': 'date' },
      time.map((date) => date.toISOString().slice(0, 10)),
    ),
    plain(
      { type: 'string', format: 'date-time', 'meta:xdmType': 'date-time' },
      time.map((date) => date.toISOString()),
    ),
    plain({ type: 'string', format: 'ipv4' }, fc.ipV4()),
  ),
);

const NAMES = ['xdm:a', 'b', '@id', '_acme', 'xdm:long name'];

const listOf = (item: XdmField, minItems: number): XdmField => ({
  ...item,
  schema: { type: 'array', 'meta:xdmType': 'array', items: item.schema, minItems },
  values: fc.array(item.values, { minLength: minItems, maxLength: minItems + 2 }),
});

const mapOf = (value: XdmField): XdmField => ({
  ...value,
  schema: { type: 'object', 'meta:xdmType': 'map', additionalProperties: value.schema },
  values: fc.dictionary(fc.string(), value.values, { noNullPrototype: true, maxKeys: 3 }),
});

function objectOf(fields: readonly { name: string; field: XdmField; required: boolean }[]): XdmField {
  const required = fields.filter((one) => one.required).map(({ name }) => name);
  return {
    schema: {
      type: 'object',
      'meta:xdmType': 'object',
      properties: Object.fromEntries(fields.map(({ name, field }) => [name, field.schema])),
      required,
    },
    values: fc.record(Object.fromEntries(fields.map(({ name, field }) => [name, field.values])), {
      requiredKeys: required,
      noNullPrototype: true,
    }),
    definitions: Object.assign({}, ...fields.map(({ field }) => field.definitions)) as Json,
  };
}

/** The field behind a reference; what is the same has the same name. */
function referred({ schema, values, definitions }: XdmField): XdmField {
  const name = createHash('sha1').update(JSON.stringify(schema)).digest('hex').slice(0, 12);
  return {
    schema: { $ref: `#/definitions/${name}`, title: 'A type' },
    values,
    definitions: { ...definitions, [name]: schema },
  };
}

/** Fields in each other up to a depth, one in three of them behind a reference. */
function fieldOf(depth: number): fc.Arbitrary<XdmField> {
  if (depth === 0) return scalar;
  const inner = fieldOf(depth - 1);
  const fields = fc.uniqueArray(
    fc.record({ name: fc.constantFrom(...NAMES), field: inner, required: fc.boolean() }),
    { selector: ({ name }) => name, maxLength: 4 },
  );
  const nested = fc.oneof(
    scalar,
    fc.tuple(inner, fc.nat(3)).map(([item, least]) => listOf(item, least)),
    inner.map(mapOf),
    { weight: 2, arbitrary: fields.map(objectOf) },
  );
  return fc.tuple(nested, fc.nat(2)).map(([field, dice]) => (dice === 0 ? referred(field) : field));
}

/** A document of the class XDM Individual Profile, with records that it allows. */
export const xdmDocuments: fc.Arbitrary<{ document: Json; values: fc.Arbitrary<Json> }> = fc
  .tuple(fieldOf(2), fieldOf(2))
  .map(([one, two]) => ({
    document: {
      $id: 'https://ns.adobe.com/acme/schemas/drawn',
      'meta:class': 'https://ns.adobe.com/xdm/context/profile',
      title: 'Drawn',
      type: 'object',
      definitions: { ...one.definitions, ...two.definitions },
      allOf: [{ properties: { one: one.schema } }, { properties: { 'xdm:two': two.schema } }],
    },
    values: fc.record({ one: one.values, 'xdm:two': two.values }, { noNullPrototype: true }),
  }));
