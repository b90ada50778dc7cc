import { Column, ColumnType } from './schemas';

const TYPES: readonly string[] = ['string', 'byte', 'long', 'double', 'boolean', 'date', 'datetime'];

/** `tier:string:20` and `points:long` as columns. */
export function readFields(options: string[]): Record<string, Column> {
  return Object.fromEntries(
    options.map((option) => {
      const [name = '', type = '', length] = option.split(':');
      if (!/^[A-Za-z]\w*$/.test(name) || !TYPES.includes(type))
        throw new RangeError(`--field ${option} is not name:type[:length]`);
      const column: Column = { type: type as ColumnType };
      if (type === 'string') column.length = Number(length ?? 255);
      return [name, column];
    }),
  );
}
