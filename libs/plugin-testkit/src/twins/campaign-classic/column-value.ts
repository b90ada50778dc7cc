import { Scalar } from './contract';
import { Column } from './schemas';
import { DataError } from './soap-fault';

const RANGES = { byte: [-128, 127], long: [-2147483648, 2147483647] } as const;
const DATE =
  /^(\d{4})([-/])(\d{2})\2(\d{2})(?:[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?$/;

/** Text of an attribute to the value of its column; an empty text empties the column (null). */
export function castText(path: string, column: Column, text: string): Scalar | null {
  if (text === '') return null;
  const refuse = (): never => {
    throw new DataError(`Unable to convert the value of '@${path}' to type '${column.type}'`);
  };
  switch (column.type) {
    case 'string':
      if (text.length > (column.length ?? Infinity))
        throw new DataError(`The value of '@${path}' is longer than ${column.length} characters`);
      return text;
    case 'boolean':
      if (/^(1|true)$/.test(text)) return true;
      return /^(0|false)$/.test(text) ? false : refuse();
    case 'double':
      return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : refuse();
    case 'byte':
    case 'long': {
      const value = /^-?\d{1,10}$/.test(text) ? Number(text) : refuse();
      const [min, max] = RANGES[column.type];
      if (value < min || value > max) refuse();
      if (column.values && !column.values.includes(value))
        throw new DataError(`'${value}' is not a value of the enumeration of '@${path}'`);
      return value;
    }
    case 'date':
      return parseTime(text)?.slice(0, 10) ?? refuse();
    case 'datetime':
      return parseTime(text) ?? refuse();
  }
}

/** Date or date and time in the documented forms to RFC 3339 UTC with milliseconds; undefined when it is neither. */
export function parseTime(text: string): string | undefined {
  const [, year, , month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] =
    DATE.exec(text) ?? [];
  if (!year) return undefined;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0').slice(0, 3)}`;
  const local = new Date(`${iso}Z`);
  // Date rolls 31 February over to March; such a day must be refused.
  if (Number.isNaN(local.getTime()) || local.toISOString() !== `${iso}Z`) return undefined;
  const time = new Date(`${iso}${zone}`);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

/** A stored value as the original writes it in query results; empty columns are '' or 0 by type. */
export function printValue(column: Column, value: Scalar | undefined): string {
  switch (column.type) {
    case 'boolean':
      return value === true ? '1' : '0';
    case 'byte':
    case 'long':
    case 'double':
      return String(value ?? 0);
    case 'datetime':
      return value === undefined ? '' : String(value).replace('T', ' ');
    default:
      return value === undefined ? '' : String(value);
  }
}
