export type RowValue = string | number | bigint | boolean | Date | Buffer | object | null | undefined;

/** A value in PostgreSQL's text form, to be cast to its column's type. */
export function toText(value: RowValue): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value !== 'object') return String(value);
  if (value instanceof Date) return value.toISOString();
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`;
  return JSON.stringify(value);
}

/** A text[] literal. */
function textArray(items: readonly string[]): string {
  return `{${items.map((item) => `"${item.replace(/(["\\])/g, '\\$1')}"`).join(',')}}`;
}

/**
 * One INSERT for many rows: a text array per column, cast to the column's type. COPY is faster, but PostgreSQL refuses
 * it under row-level security.
 */
export function insertStatement(
  table: string,
  columns: readonly string[],
  types: ReadonlyMap<string, string>,
  rows: readonly (readonly RowValue[])[],
): { text: string; values: (string | null)[][] } {
  const typeOf = (column: string): string => types.get(column) ?? 'text';
  const values = columns.map((column, index) => {
    const asArray = typeOf(column) === 'text[]';
    return rows.map((row) => {
      const value = row[index];
      return asArray && Array.isArray(value) ? textArray(value as string[]) : toText(value);
    });
  });
  const sources = columns.map((_, index) => `$${index + 1}::text[]`).join(', ');
  const names = columns.map((_, index) => `c${index}`);
  const casts = columns.map((column, index) => `${names[index]}::${typeOf(column)}`).join(', ');
  return {
    text: `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${casts} FROM unnest(${sources}) AS row (${names.join(', ')})`,
    values,
  };
}
