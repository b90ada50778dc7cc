import { castText } from './column-value';
import { Operation, Scalar } from './contract';
import { Schema } from './schemas';
import { DataError } from './soap-fault';
import { XmlElement } from './xml';

/** A record as a document states it, checked against its schema but not yet against the data. */
export interface RecordElement {
  schema: Schema;
  operation: Operation;
  /** Paths of `_key`; undefined when the key is left to the schema. */
  key: string[] | undefined;
  /** Columns stated by attributes and nested elements; null empties the column. */
  values: Record<string, Scalar | null>;
  links: Array<{ name: string; record: RecordElement }>;
  collections: Array<{ name: string; record: RecordElement }>;
}

const OPERATIONS: readonly string[] = ['insert', 'insertOrUpdate', 'update', 'delete', 'none'];

/** Reads `<recipient _key="@email" email="…">…`; refuses everything that the schema does not have. */
export function readRecord(
  schemas: ReadonlyMap<string, Schema>,
  schema: Schema,
  xml: XmlElement,
): RecordElement {
  const operation = xml.attributes.get('_operation') ?? 'insertOrUpdate';
  if (!OPERATIONS.includes(operation)) throw new DataError(`Unknown operation '${operation}'`);
  const record: RecordElement = {
    schema,
    operation: operation as Operation,
    key: readKey(xml.attributes.get('_key')),
    values: {},
    links: [],
    collections: [],
  };
  readAttributes(record, xml, '');
  for (const child of xml.children) {
    const target = schema.links[child.local]?.target ?? schema.collections[child.local]?.target;
    if (target === undefined) {
      readNested(record, child);
      continue;
    }
    const nested = readRecord(schemas, schemaOf(schemas, target), child);
    (child.local in schema.links ? record.links : record.collections).push({
      name: child.local,
      record: nested,
    });
  }
  if (xml.text.trim() !== '') throw new DataError(`Element '${xml.local}' of '${schema.id}' takes no text`);
  return record;
}

export function schemaOf(schemas: ReadonlyMap<string, Schema>, id: string): Schema {
  const schema = schemas.get(id);
  if (!schema) throw new DataError(`Unable to find schema '${id}'`);
  return schema;
}

/** `@email, [folder/@name]` as `['email', 'folder/@name']`. */
function readKey(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  const paths = text.split(',').map((path) =>
    path
      .trim()
      .replace(/^\[(.*)\]$/, '$1')
      .trim()
      .replace(/^@/, ''),
  );
  if (paths.some((path) => path === '')) throw new DataError(`Invalid key '${text}'`);
  return paths;
}

function readAttributes(record: RecordElement, xml: XmlElement, prefix: string): void {
  for (const [name, text] of xml.attributes) {
    if (prefix === '' && (name === '_operation' || name === '_key')) continue;
    if (prefix === '' && name === 'xtkschema') {
      if (text !== record.schema.id)
        throw new DataError(`xtkschema '${text}' where '${record.schema.id}' is expected`);
      continue;
    }
    const path = `${prefix}${name}`;
    const column = Object.hasOwn(record.schema.columns, path) ? record.schema.columns[path] : undefined;
    if (!column)
      throw new DataError(`Unknown attribute '@${name}' (see definition of schema '${record.schema.id}')`);
    if (column.readOnly) throw new DataError(`Attribute '@${name}' is set by the server`);
    record.values[path] = castText(path, column, text);
  }
}

function readNested(record: RecordElement, child: XmlElement): void {
  const prefix = `${child.local}/@`;
  const known = Object.keys(record.schema.columns).some((path) => path.startsWith(prefix));
  if (!known || child.children.length > 0 || child.text.trim() !== '')
    throw new DataError(`Unknown element '${child.local}' (see definition of schema '${record.schema.id}')`);
  readAttributes(record, child, prefix);
}
