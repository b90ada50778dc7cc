import { Effect, Operation, Row, RowEntry, Scalar } from './contract';
import { RecordElement } from './record-element';
import { ROOT_FOLDER, Schema } from './schemas';
import { DataError } from './soap-fault';
import { Store } from './store';

type Values = Record<string, Scalar | null>;
type Key = Record<string, Scalar>;

/** Applies records to the store and notes one entry for each row it accepted. */
export class Writer {
  readonly entries: RowEntry[] = [];

  constructor(
    private readonly store: Store,
    private readonly callId: string,
    private readonly method: string,
    private readonly now: Date,
  ) {}

  /** Writes the record with all it nests; returns its id, 0 when there is none. */
  write(record: RecordElement, owner?: { column: string; id: number }): number {
    const { schema, operation } = record;
    const values: Values = { ...record.values };
    if (owner) values[owner.column] = owner.id;
    const resolved = this.writeLinks(record, values);
    if (!resolved) return 0;
    const key = this.keyOf(record, values, owner?.column);
    const found = key ? this.store.find(schema.id, key) : [];
    if (operation === 'delete') return this.deleteAll(record, values, key, found);
    const id = this.put(schema, operation, values, key, found);
    if (id === 0) return 0;
    for (const child of record.collections) {
      const collection = schema.collections[child.name];
      const column = collection && this.store.schemas.get(collection.target)?.links[collection.via]?.column;
      if (column) this.write(child.record, { column, id });
    }
    return id;
  }

  /** Notes a row that another method than Write makes. */
  put(schema: Schema, operation: Operation, values: Values, key: Key | undefined, found: number[]): number {
    const [existing] = found;
    const note = (effect: Effect, id: number, attributes: Values = values): number => {
      const { id: _id, ...rest } = attributes;
      const entry = { schema: schema.id, operation, key: key ?? {}, attributes: rest, effect, id };
      this.entries.push({ callId: this.callId, method: this.method, ...entry });
      return id;
    };
    if (operation === 'none') {
      if (existing === undefined)
        throw new DataError(`No document of type '${schema.id}' matches ${print(key)}`);
      return existing;
    }
    if (operation === 'insert' && existing !== undefined) throw duplicate(schema, Object.keys(key ?? {}));
    if (operation !== 'insert' && key === undefined)
      throw new DataError(`No key of '${schema.id}' can be built from the document`);
    if (existing === undefined) {
      if (operation === 'update') return note('noop', 0);
      return this.insert(schema, values, note);
    }
    const before = this.store.get(schema.id, existing);
    const changed = Object.entries(values).some(([path, value]) => (before?.[path] ?? null) !== value);
    if (!changed) return note('unchanged', existing);
    this.checkUnique(schema, { ...before, ...values }, existing);
    checkRequired(schema, { ...before, ...values });
    const patch = {
      ...values,
      ...('lastModified' in schema.columns ? { lastModified: this.now.toISOString() } : {}),
    };
    this.store.write(schema.id, existing, patch);
    return note('updated', existing, patch);
  }

  private insert(
    schema: Schema,
    values: Values,
    note: (effect: Effect, id: number, all: Values) => number,
  ): number {
    const id = typeof values['id'] === 'number' ? values['id'] : this.store.nextId();
    const time = this.now.toISOString();
    const row: Values = { ...values, id };
    if ('created' in schema.columns) row['created'] = time;
    if ('lastModified' in schema.columns) row['lastModified'] = time;
    if (schema.id === 'nms:recipient') row['folder-id'] ??= ROOT_FOLDER;
    checkRequired(schema, row);
    this.checkUnique(schema, row, undefined);
    this.store.write(schema.id, id, row);
    return note('inserted', id, row);
  }

  /** Reconciles linked records and sets the columns that point to them; false when a linked update found nothing. */
  private writeLinks(record: RecordElement, values: Values): boolean {
    for (const { name, record: linked } of record.links) {
      const link = record.schema.links[name];
      if (!link) continue;
      const onlyKey = record.operation === 'delete' || record.operation === 'none';
      const id = this.write(onlyKey ? { ...linked, operation: 'none' } : linked);
      if (id === 0) return false;
      values[link.column] = id;
    }
    return true;
  }

  private keyOf(record: RecordElement, values: Values, ownerColumn: string | undefined): Key | undefined {
    const { schema } = record;
    if (record.key === undefined) {
      const columns = schema.keys.find((one) => one.every((column) => values[column] != null));
      return columns && pick(columns, values);
    }
    const columns = record.key.map((path) => columnOf(record, path));
    if (ownerColumn !== undefined && !columns.includes(ownerColumn)) columns.push(ownerColumn);
    const missing = columns.find((column) => values[column] == null);
    if (missing !== undefined)
      throw new DataError(`The key field '@${missing}' of '${schema.id}' has no value`);
    return pick(columns, values);
  }

  private deleteAll(record: RecordElement, values: Values, key: Key | undefined, found: number[]): number {
    const { schema } = record;
    if (!key) throw new DataError(`No key of '${schema.id}' can be built from the document`);
    const extra = Object.keys(values).find((path) => !(path in key));
    if (extra !== undefined || record.collections.length > 0)
      throw new DataError(`A deletion may hold only the fields of its key, not '${extra ?? 'collections'}'`);
    const entry = {
      callId: this.callId,
      method: this.method,
      schema: schema.id,
      operation: 'delete' as const,
      key,
    };
    if (found.length === 0) this.entries.push({ ...entry, attributes: {}, effect: 'noop', id: 0 });
    for (const id of found) {
      this.deleteOwned(schema, id);
      this.store.remove(schema.id, id);
      this.entries.push({ ...entry, attributes: {}, effect: 'deleted', id });
    }
    return found[0] ?? 0;
  }

  private deleteOwned(schema: Schema, id: number): void {
    for (const { target, via } of Object.values(schema.collections)) {
      const column = this.store.schemas.get(target)?.links[via]?.column;
      if (!column) continue;
      for (const owned of this.store.find(target, { [column]: id }))
        this.remove(target, { [column]: id }, owned);
    }
  }

  /** Removes a row that another method than Write unmakes. */
  remove(schema: string, key: Key, id: number): void {
    this.store.remove(schema, id);
    const entry = { callId: this.callId, method: this.method, schema, operation: 'delete' as const, key };
    this.entries.push({ ...entry, attributes: {}, effect: 'deleted', id });
  }

  private checkUnique(schema: Schema, row: Values, self: number | undefined): void {
    for (const columns of schema.keys) {
      if (columns.some((column) => row[column] == null)) continue;
      if (this.store.find(schema.id, pick(columns, row)).some((id) => id !== self))
        throw duplicate(schema, columns);
    }
  }
}

/** The column that a key path means: its own, or the one that holds the link. */
function columnOf(record: RecordElement, path: string): string {
  const { schema } = record;
  if (Object.hasOwn(schema.columns, path)) return path;
  const [name = '', attribute = ''] = path.split('/@');
  const linked = record.links.find((one) => one.name === name);
  const link = schema.links[name];
  if (!link || attribute === '')
    throw new DataError(`Unknown key path '${path}' (see definition of schema '${schema.id}')`);
  if (!linked || linked.record.values[attribute] == null)
    throw new DataError(`The key field '[${path}]' has no value`);
  return link.column;
}

function pick(columns: string[], values: Values): Key {
  return Object.fromEntries(columns.map((column) => [column, values[column] ?? '']));
}

function checkRequired(schema: Schema, row: Values | Partial<Row>): void {
  const missing = Object.entries(schema.columns).find(
    ([path, column]) => column.required && row[path] == null,
  );
  if (missing) throw new DataError(`Attribute '@${missing[0]}' of '${schema.id}' is required`);
}

function duplicate(schema: Schema, columns: string[]): DataError {
  const name = `${schema.id.replace(':', '')}_${columns.join('_')}`.toLowerCase();
  return new DataError(
    `PostgreSQL error: ERROR:  duplicate key violates unique constraint "${name}" Impossible to save document of type '${schema.id}'`,
  );
}

function print(key: Key | undefined): string {
  return JSON.stringify(Object.keys(key ?? {}));
}
