import { Row, Scalar } from './contract';
import { Schema } from './schemas';

type Patch = Record<string, Scalar | null>;

/** Rows of one table, with an index for each set of columns that was ever looked up. */
class Table {
  readonly rows = new Map<number, Row>();
  private readonly indexes = new Map<string, Map<string, Set<number>>>();

  find(where: Record<string, Scalar>): number[] {
    const columns = Object.keys(where).sort();
    const name = columns.join(',');
    let index = this.indexes.get(name);
    if (!index) {
      index = new Map();
      this.indexes.set(name, index);
      for (const row of this.rows.values()) addTo(index, columns, row);
    }
    return [...(index.get(keyOf(columns, where)) ?? [])].sort((a, b) => a - b);
  }

  put(row: Row): void {
    this.drop(row.id);
    this.rows.set(row.id, row);
    for (const [name, index] of this.indexes) addTo(index, name.split(','), row);
  }

  drop(id: number): void {
    const row = this.rows.get(id);
    if (!row) return;
    this.rows.delete(id);
    for (const [name, index] of this.indexes) {
      const key = keyOf(name.split(','), row);
      const ids = index.get(key);
      ids?.delete(id);
      if (ids?.size === 0) index.delete(key);
    }
  }
}

function keyOf(columns: string[], values: Record<string, Scalar>): string {
  return JSON.stringify(columns.map((column) => values[column] ?? null));
}

function addTo(index: Map<string, Set<number>>, columns: string[], row: Row): void {
  const key = keyOf(columns, row);
  const ids = index.get(key);
  if (ids) ids.add(row.id);
  else index.set(key, new Set([row.id]));
}

/** The twin's database. Changes inside `atomically` are all undone when it throws. */
export class Store {
  private readonly tables = new Map<string, Table>();
  private undo: Array<() => void> | undefined;
  private lastId = 2000;

  constructor(readonly schemas: ReadonlyMap<string, Schema>) {
    for (const id of schemas.keys()) this.tables.set(id, new Table());
  }

  atomically<T>(work: () => T): T {
    const undo: Array<() => void> = [];
    this.undo = undo;
    try {
      return work();
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw error;
    } finally {
      this.undo = undefined;
    }
  }

  nextId(): number {
    return ++this.lastId;
  }

  get(schema: string, id: number): Row | undefined {
    return this.table(schema).rows.get(id);
  }

  rows(schema: string): Iterable<Row> {
    return this.table(schema).rows.values();
  }

  /** Ids of the rows with exactly these values, lowest first. */
  find(schema: string, where: Record<string, Scalar>): number[] {
    return this.table(schema).find(where);
  }

  /** Inserts the row or changes it; null empties a column. */
  write(schema: string, id: number, patch: Patch): void {
    const table = this.table(schema);
    const before = table.rows.get(id);
    const row: Row = { ...before, id };
    for (const [column, value] of Object.entries(patch)) {
      if (value === null) delete row[column];
      else row[column] = value;
    }
    row.id = id;
    table.put(row);
    this.lastId = Math.max(this.lastId, id);
    this.undo?.push(() => (before ? table.put(before) : table.drop(id)));
  }

  remove(schema: string, id: number): void {
    const table = this.table(schema);
    const before = table.rows.get(id);
    table.drop(id);
    if (before) this.undo?.push(() => table.put(before));
  }

  private table(schema: string): Table {
    const table = this.tables.get(schema);
    if (!table) throw new RangeError(`no table ${schema}`);
    return table;
  }
}
