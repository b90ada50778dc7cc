import { printValue } from './column-value';
import { Row, Scalar } from './contract';
import { compile, Predicate, resolvePath } from './evaluate';
import { parseExpression, parsePath } from './expression';
import { schemaOf } from './record-element';
import { Column, Schema } from './schemas';
import { DataError } from './soap-fault';
import { Store } from './store';
import { element, XmlElement } from './xml';

const DEFAULT_LINES = 10_000;
const PARTS = ['select', 'where', 'orderBy'];

interface Output {
  /** Elements that lead to the attribute, and its name. */
  path: string[];
  attribute: string;
  column: Column;
  read: (row: Row) => Scalar | undefined;
}

/** Runs a queryDef document and returns the result document as XML text. */
export function executeQuery(store: Store, queryDef: XmlElement, now: Date): string {
  if (queryDef.local !== 'queryDef') throw new DataError(`Expected 'queryDef', not '${queryDef.local}'`);
  const schema = schemaOf(store.schemas, queryDef.attributes.get('schema') ?? '');
  const odd = queryDef.children.find((child) => !PARTS.includes(child.local));
  if (odd) throw new DataError(`The clause '${odd.local}' is not supported by this server`);
  const where = whereOf(store, schema, now, child(queryDef, 'where'));
  const operation = queryDef.attributes.get('operation');
  if (operation === 'count')
    return element(schema.name, { count: String(matching(store, schema, where).length) });
  const outputs = outputsOf(store, schema, child(queryDef, 'select'));
  const print = (row: Row): string => printRow(schema, outputs, row);
  const rows = sorted(store, schema, matching(store, schema, where), child(queryDef, 'orderBy'));
  const [first] = rows;
  switch (operation) {
    case 'select': {
      const start = lines(queryDef, 'startLine', 0);
      const end = start + lines(queryDef, 'lineCount', DEFAULT_LINES);
      return element(`${schema.name}-collection`, {}, rows.slice(start, end).map(print).join(''));
    }
    case 'get':
      if (!first) throw new DataError(`The requested document of type '${schema.id}' does not exist`);
      return print(first);
    case 'getIfExists':
      return first ? print(first) : element(schema.name, {});
    default:
      throw new DataError(`Unknown operation '${operation ?? ''}'`);
  }
}

function child(xml: XmlElement, name: string): XmlElement | undefined {
  return xml.children.find((one) => one.local === name);
}

function lines(queryDef: XmlElement, name: string, otherwise: number): number {
  const text = queryDef.attributes.get(name);
  if (text === undefined) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw new DataError(`Invalid ${name} '${text}'`);
  return Number(text);
}

function matching(store: Store, schema: Schema, where: Predicate): Row[] {
  return [...store.rows(schema.id)].filter(where);
}

/** A condition is joined to the next by its own boolOperator (default AND). */
function whereOf(store: Store, schema: Schema, now: Date, where: XmlElement | undefined): Predicate {
  const conditions = where?.children ?? [];
  if (conditions.length === 0) return () => true;
  return conditions
    .map((xml) => {
      if (xml.local !== 'condition') throw new DataError(`Unknown element '${xml.local}' in where`);
      const operator = xml.attributes.get('boolOperator') ?? xml.attributes.get('bool-operator') ?? 'AND';
      if (operator !== 'AND' && operator !== 'OR') throw new DataError(`Unknown boolOperator '${operator}'`);
      return { operator, test: conditionOf(store, schema, now, xml) };
    })
    .reduce((left, right) => ({
      operator: right.operator,
      test: (row) =>
        left.operator === 'AND' ? left.test(row) && right.test(row) : left.test(row) || right.test(row),
    })).test;
}

function conditionOf(store: Store, schema: Schema, now: Date, xml: XmlElement): Predicate {
  const expr = xml.attributes.get('expr');
  const setOperator = xml.attributes.get('setOperator');
  if (setOperator !== undefined) return existsOf(store, schema, now, xml, setOperator, expr ?? '');
  if (expr === undefined) return whereOf(store, schema, now, xml);
  return compile(store, schema, now, parseExpression(expr));
}

function existsOf(
  store: Store,
  schema: Schema,
  now: Date,
  xml: XmlElement,
  operator: string,
  name: string,
): Predicate {
  const collection = schema.collections[name];
  if (!collection || !/^(NOT )?EXISTS$/.test(operator))
    throw new DataError(`'${operator} ${name}' is not supported by this server`);
  const target = schemaOf(store.schemas, collection.target);
  const column = target.links[collection.via]?.column ?? '';
  const test = whereOf(store, target, now, xml);
  const wanted = operator === 'EXISTS';
  return (row) =>
    wanted ===
    store.find(target.id, { [column]: row.id }).some((id) => {
      const owned = store.get(target.id, id);
      return owned !== undefined && test(owned);
    });
}

function sorted(store: Store, schema: Schema, rows: Row[], orderBy: XmlElement | undefined): Row[] {
  // A database promises no order without orderBy, so a caller that pages without one must not be lucky here.
  if (!orderBy) return rows.sort((a, b) => scatter(a.id) - scatter(b.id));
  const keys = orderBy.children.map((node) => ({
    read: resolvePath(store, schema, parsePath(node.attributes.get('expr') ?? '')).read,
    sign: node.attributes.get('sortDesc') === 'true' ? -1 : 1,
  }));
  return rows.sort((a, b) => {
    for (const { read, sign } of keys) {
      const order = compareValues(read(a), read(b));
      if (order !== 0) return order * sign;
    }
    return scatter(a.id) - scatter(b.id);
  });
}

function compareValues(a: Scalar | undefined, b: Scalar | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  return a < b ? -1 : 1;
}

function scatter(id: number): number {
  return Math.imul(id, 0x9e3779b1) >>> 0;
}

function outputsOf(store: Store, schema: Schema, select: XmlElement | undefined): Output[] {
  const nodes = select?.children ?? [];
  if (nodes.length === 0) throw new DataError('The query selects nothing');
  return nodes.map((node) => {
    const expr = node.attributes.get('expr') ?? '';
    if (node.local !== 'node' || node.children.length > 0)
      throw new DataError(`Unknown select '${node.local}'`);
    const { column, read } = resolvePath(store, schema, parsePath(expr));
    const path = parsePath(node.attributes.get('alias') ?? expr).split('/');
    return { path: path.slice(0, -1), attribute: (path.at(-1) ?? '').replace(/^@/, ''), column, read };
  });
}

function printRow(schema: Schema, outputs: Output[], row: Row): string {
  interface Node {
    attributes: Record<string, string>;
    children: Map<string, Node>;
  }
  const root: Node = { attributes: {}, children: new Map() };
  for (const output of outputs) {
    let node = root;
    for (const step of output.path) {
      const next = node.children.get(step) ?? { attributes: {}, children: new Map() };
      node.children.set(step, next);
      node = next;
    }
    node.attributes[output.attribute] = printValue(output.column, output.read(row));
  }
  const print = (name: string, node: Node): string =>
    element(name, node.attributes, [...node.children].map(([inner, one]) => print(inner, one)).join(''));
  return print(schema.name, root);
}
