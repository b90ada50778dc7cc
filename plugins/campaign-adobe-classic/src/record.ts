import { rejected, type Verdict } from '@percorso/plugin-kit';
import { escapeXml, isXmlText } from './xml';

const NAME = /^[A-Za-z_][\w-]*$/;
const CONTROL = new Set(['_operation', '_key', 'xtkschema']);
const MAX_DEPTH = 5;

/** A payload that cannot be written as a Campaign document. */
class Unwritable extends Error {
  constructor(
    readonly verdict: Verdict,
    message: string,
  ) {
    super(message);
  }
}

/**
 * A payload as an XML element: scalars are attributes, objects linked elements, lists of objects collections; null
 * empties a field. Names may carry the `@` of an XPath.
 */
export function recordXml(
  name: string,
  payload: Record<string, unknown>,
  control: Record<string, string>,
): { xml: string } | { verdict: Verdict } {
  const stray = Object.keys(payload).find((key) => CONTROL.has(bare(key)));
  if (stray !== undefined) {
    return {
      verdict: rejected('bad-field', 'The connector sets this field.', { pointer: pointerTo('', stray) }),
    };
  }
  try {
    return { xml: element(name, { ...control, ...payload }, '', 0) };
  } catch (error) {
    if (error instanceof Unwritable) return { verdict: error.verdict };
    throw error;
  }
}

function element(name: string, fields: Record<string, unknown>, pointer: string, depth: number): string {
  if (depth > MAX_DEPTH) throw unwritable('bad-value', 'is nested too deeply', pointer);
  let attributes = '';
  let children = '';
  for (const [key, value] of Object.entries(fields)) {
    const here = pointerTo(pointer, key);
    const own = bare(key);
    if (!NAME.test(own)) throw unwritable('bad-field', 'is no name of a Campaign field', here);
    if (Array.isArray(value)) {
      value.forEach(
        (one, index) =>
          (children += element(own, objectOf(one, `${here}/${index}`), `${here}/${index}`, depth + 1)),
      );
    } else if (typeof value === 'object' && value !== null) {
      children += element(own, objectOf(value, here), here, depth + 1);
    } else {
      attributes += ` ${own}="${escapeXml(scalar(value, here))}"`;
    }
  }
  return children === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${children}</${name}>`;
}

/** A scalar as Campaign writes it. */
export function scalar(value: unknown, pointer: string): string {
  switch (typeof value) {
    case 'string':
      if (!isXmlText(value))
        throw unwritable('bad-character', 'holds characters that XML cannot carry', pointer);
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw unwritable('bad-value', 'is no finite number', pointer);
      return String(value);
    case 'boolean':
      return value ? '1' : '0';
    default:
      if (value === null) return '';
      throw unwritable('bad-value', 'is no value Campaign can take', pointer);
  }
}

/** `@email` and `[folder/@name]` as their place in the payload: `['email']`, `['folder', 'name']`. */
export function keyPaths(key: string): string[][] {
  return key.split(',').map((path) =>
    path
      .trim()
      .replace(/^\[|\]$/g, '')
      .split('/')
      .map(bare),
  );
}

/** The value at `path`, with or without `@` in the payload's names. */
export function valueAt(payload: Record<string, unknown>, path: string[]): unknown {
  let value: unknown = payload;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    const fields = value as Record<string, unknown>;
    value = Object.hasOwn(fields, name) ? fields[name] : fields[`@${name}`];
  }
  return value;
}

export function isKeyValue(value: unknown): value is string | number {
  return (typeof value === 'string' && value !== '') || (typeof value === 'number' && Number.isFinite(value));
}

function objectOf(value: unknown, pointer: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unwritable('bad-value', 'must be an object', pointer);
  }
  return value as Record<string, unknown>;
}

function bare(name: string): string {
  return name.startsWith('@') ? name.slice(1) : name;
}

function pointerTo(pointer: string, key: string): string {
  return `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function unwritable(code: string, why: string, pointer: string): Unwritable {
  const message = `${pointer} ${why}`;
  return new Unwritable(rejected(code, message, { pointer }), message);
}
