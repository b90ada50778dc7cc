import { Schema } from './schemas';
import { element } from './xml';

interface Param {
  name: string;
  type: string;
  out?: true;
}

interface Method {
  name: string;
  isStatic: boolean;
  params: Param[];
}

const PERSIST: Method[] = [
  { name: 'Write', isStatic: true, params: [{ name: 'doc', type: 'DOMDocument' }] },
  { name: 'WriteCollection', isStatic: true, params: [{ name: 'doc', type: 'DOMDocument' }] },
  {
    name: 'GetEntityIfMoreRecent',
    isStatic: true,
    params: [
      { name: 'pk', type: 'string' },
      { name: 'md5', type: 'string' },
      { name: 'mustExist', type: 'boolean' },
      { name: 'doc', type: 'DOMDocument', out: true },
    ],
  },
];

const SESSION: Method[] = [
  { name: 'TestCnx', isStatic: true, params: [] },
  { name: 'GetServerTime', isStatic: true, params: [{ name: 'time', type: 'datetime', out: true }] },
  { name: 'GetUserInfo', isStatic: true, params: [{ name: 'userInfo', type: 'sessionUserInfo', out: true }] },
  {
    name: 'GetOption',
    isStatic: true,
    params: [
      { name: 'name', type: 'string' },
      { name: 'value', type: 'string', out: true },
      { name: 'type', type: 'byte', out: true },
    ],
  },
];

const QUERY: Method[] = [
  { name: 'ExecuteQuery', isStatic: false, params: [{ name: 'output', type: 'DOMDocument', out: true }] },
];

const SUBSCRIPTION: Method[] = [
  {
    name: 'Subscribe',
    isStatic: true,
    params: [
      { name: 'serviceName', type: 'string' },
      { name: 'recipient', type: 'DOMElement' },
      { name: 'create', type: 'boolean' },
    ],
  },
  {
    name: 'Unsubscribe',
    isStatic: true,
    params: [
      { name: 'serviceName', type: 'string' },
      { name: 'recipient', type: 'DOMElement' },
    ],
  },
];

/** The document of `xtk:schema|<id>` that clients read to learn methods and columns; undefined for an unknown id. */
export function schemaDocument(schemas: ReadonlyMap<string, Schema>, id: string): string | undefined {
  const [namespace = '', name = ''] = id.split(':');
  const head = { namespace, name, xtkschema: 'xtk:schema' };
  if (id === 'xtk:session') {
    const persist = element('interface', { name: 'persist' }, PERSIST.map(methodXml).join(''));
    const userInfo = element(
      'element',
      { name: 'userInfo' },
      element('attribute', { name: 'loginId', type: 'long' }),
    );
    return element(
      'schema',
      { ...head, implements: 'xtk:persist' },
      persist + userInfo + methodsXml(SESSION),
    );
  }
  if (id === 'xtk:queryDef') return element('schema', head, element('element', { name }) + methodsXml(QUERY));
  const schema = schemas.get(id);
  if (!schema) return undefined;
  const methods = id === 'nms:subscription' ? methodsXml(SUBSCRIPTION) : '';
  return element('schema', { ...head, implements: 'xtk:persist' }, rootXml(schema) + methods);
}

function rootXml(schema: Schema): string {
  const columns = Object.entries(schema.columns)
    .filter(([path]) => !path.includes('/'))
    .map(([path, { type, length }]) =>
      element('attribute', { name: path, type, ...(length === undefined ? {} : { length: String(length) }) }),
    );
  const keys = schema.keys.map((paths, index) =>
    element(
      'key',
      { name: `key${index}` },
      paths.map((path) => element('keyfield', { xpath: `@${path}` })).join(''),
    ),
  );
  const links = Object.entries(schema.links).map(([name, { target }]) =>
    element('element', { name, type: 'link', target }),
  );
  return element('element', { name: schema.name }, keys.join('') + columns.join('') + links.join(''));
}

function methodsXml(methods: Method[]): string {
  return element('methods', {}, methods.map(methodXml).join(''));
}

function methodXml({ name, isStatic, params }: Method): string {
  const list = params.map((param) =>
    element('param', { name: param.name, type: param.type, ...(param.out ? { inout: 'out' } : {}) }),
  );
  const kind: Record<string, string> = isStatic ? { static: 'true' } : { const: 'true' };
  return element(
    'method',
    { name, ...kind },
    list.length > 0 ? element('parameters', {}, list.join('')) : '',
  );
}
