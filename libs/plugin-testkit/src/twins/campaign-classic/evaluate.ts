import { Row, Scalar } from './contract';
import { Expression } from './expression';
import { Column, Schema } from './schemas';
import { DataError } from './soap-fault';
import { Store } from './store';

export type Predicate = (row: Row) => boolean;

interface Operand {
  type: 'text' | 'number' | 'time';
  read: (row: Row) => Scalar | undefined;
}

/** Where a path leads from a schema: its column, and how to read it from a row. */
export function resolvePath(
  store: Store,
  schema: Schema,
  path: string,
): { column: Column; read: (row: Row) => Scalar | undefined } {
  const column = Object.hasOwn(schema.columns, path) ? schema.columns[path] : undefined;
  if (column) return { column, read: (row) => row[path] };
  const slash = path.indexOf('/');
  const link = slash > 0 ? schema.links[path.slice(0, slash)] : undefined;
  const target = link && store.schemas.get(link.target);
  if (!link || !target)
    throw new DataError(`Unknown path '${path}' (see definition of schema '${schema.id}')`);
  const rest = resolvePath(store, target, path.slice(slash + 1).replace(/^@/, ''));
  return {
    column: rest.column,
    read: (row) => {
      const linked = store.get(link.target, Number(row[link.column] ?? 0));
      return linked && rest.read(linked);
    },
  };
}

/** Turns a condition into a test of rows; a comparison of unlike types is refused, as the database would. */
export function compile(store: Store, schema: Schema, now: Date, expression: Expression): Predicate {
  const again = (inner: Expression): Predicate => compile(store, schema, now, inner);
  const operand = (inner: Expression): Operand => toOperand(store, schema, now, inner);
  switch (expression.kind) {
    case 'and': {
      const [left, right] = [again(expression.left), again(expression.right)];
      return (row) => left(row) && right(row);
    }
    case 'or': {
      const [left, right] = [again(expression.left), again(expression.right)];
      return (row) => left(row) || right(row);
    }
    case 'not': {
      const inner = again(expression.operand);
      return (row) => !inner(row);
    }
    case 'isNull': {
      const inner = operand(expression.operand);
      return (row) => (inner.read(row) ?? '') === '';
    }
    case 'in': {
      const inner = operand(expression.operand);
      const list = expression.list.map((one) => comparison('=', inner, operand(one)));
      return (row) => list.some((test) => test(row));
    }
    case 'compare':
      return comparison(expression.operator, operand(expression.left), operand(expression.right));
    default:
      throw new DataError('A condition must compare');
  }
}

function toOperand(store: Store, schema: Schema, now: Date, expression: Expression): Operand {
  if (expression.kind === 'path') {
    const { column, read } = resolvePath(store, schema, expression.path);
    if (column.type === 'string') return { type: 'text', read: (row) => read(row) ?? '' };
    if (column.type === 'date' || column.type === 'datetime')
      return { type: 'time', read: (row) => toMillis(read(row)) };
    return { type: 'number', read: (row) => Number(read(row) ?? 0) };
  }
  if (expression.kind !== 'literal') throw new DataError('A condition cannot be compared');
  const { type, value } = expression;
  const fixed = (kind: Operand['type'], constant: Scalar): Operand => ({ type: kind, read: () => constant });
  if (type === 'string') return fixed('text', value);
  if (type === 'number') return fixed('number', Number(value));
  return fixed('time', type === 'now' ? now.getTime() : Date.parse(value));
}

function toMillis(value: Scalar | undefined): number | undefined {
  return value === undefined ? undefined : Date.parse(String(value));
}

function comparison(operator: string, left: Operand, right: Operand): Predicate {
  if (left.type !== right.type) throw new DataError(`Unable to compare ${left.type} with ${right.type}`);
  if (operator === 'LIKE') {
    if (left.type !== 'text') throw new DataError('LIKE takes text');
    return (row) => likePattern(String(right.read(row))).test(String(left.read(row)));
  }
  const test = COMPARISONS[operator];
  if (!test) throw new DataError(`Unknown operator ${operator}`);
  return (row) => {
    const [a, b] = [left.read(row), right.read(row)];
    return a !== undefined && b !== undefined && test(a, b);
  };
}

const COMPARISONS: Record<string, (a: Scalar, b: Scalar) => boolean> = {
  '=': (a, b) => a === b,
  '<>': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function likePattern(pattern: string): RegExp {
  const escaped = pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/%/g, '.*').replace(/_/g, '.')}$`, 's');
}
