import { Database } from './database';
import { executeQuery } from './query';
import { readRecord, schemaOf } from './record-element';
import { schemaDocument } from './schema-document';
import { Result, SoapCall } from './soap-envelope';
import { DataError, executionError, invalidParameters, unknownMethod } from './soap-fault';
import { subscribe, unsubscribe } from './subscription';
import { element, XmlElement } from './xml';

export interface MethodContext {
  database: Database;
  login: string;
  now: Date;
}

type Method = (context: MethodContext, call: SoapCall) => Result[];

const persistOf = (name: string, method: Method): Array<[string, Method]> =>
  ['xtk:persist', 'xtk:session', 'xtk:persist|xtk:session'].map((service) => [`${service}#${name}`, method]);

const METHODS = new Map<string, Method>([
  ...persistOf('Write', write),
  ...persistOf('WriteCollection', writeCollection),
  ...persistOf('GetEntityIfMoreRecent', getEntityIfMoreRecent),
  ['xtk:session#TestCnx', (_, call) => (arity(call, 0), [])],
  ['xtk:session#GetUserInfo', getUserInfo],
  ['xtk:session#GetServerTime', getServerTime],
  ['xtk:session#GetOption', getOption],
  ['xtk:queryDef#ExecuteQuery', query],
  ['nms:subscription#Subscribe', subscribeMethod],
  ['nms:subscription#Unsubscribe', unsubscribeMethod],
]);

/** Runs a call of an authenticated caller; every failure is a SOAP fault and leaves nothing behind. */
export function runMethod(context: MethodContext, call: SoapCall): Result[] {
  const method = METHODS.get(call.action);
  if (!method) throw unknownMethod(call.action);
  try {
    return method(context, call);
  } catch (error) {
    if (error instanceof DataError) throw executionError(call.action, error.message);
    throw error;
  }
}

function write({ database }: MethodContext, call: SoapCall): Result[] {
  const document = onlyChild(call, arity(call, 1)[0]);
  const schema = schemaOf(database.schemas, document.attributes.get('xtkschema') ?? '');
  if (document.local !== schema.name)
    throw new DataError(`Element '${document.local}' is not '${schema.name}'`);
  const record = readRecord(database.schemas, schema, document);
  database.change('Write', (writer) => writer.write(record));
  return [];
}

function writeCollection({ database }: MethodContext, call: SoapCall): Result[] {
  const document = onlyChild(call, arity(call, 1)[0]);
  const schema = schemaOf(database.schemas, document.attributes.get('xtkschema') ?? '');
  if (document.children.length === 0) throw new DataError('The collection is empty');
  const records = document.children.map((child) => {
    if (child.local !== schema.name) throw new DataError(`Element '${child.local}' is not '${schema.name}'`);
    return readRecord(database.schemas, schema, child);
  });
  database.change('WriteCollection', (writer) => {
    for (const record of records) writer.write(record);
  });
  return [];
}

function query({ database, now }: MethodContext, call: SoapCall): Result[] {
  const queryDef = onlyChild(call, arity(call, 1)[0]);
  return [{ name: 'pdomOutput', xml: executeQuery(database.store, queryDef, now) }];
}

function getEntityIfMoreRecent({ database }: MethodContext, call: SoapCall): Result[] {
  const [key = '', , mustExist = ''] = arity(call, 3).map((parameter) => parameter.text);
  const [type, id = ''] = key.split('|');
  const document = type === 'xtk:schema' ? schemaDocument(database.schemas, id) : undefined;
  if (document === undefined && /^(1|true)$/.test(mustExist))
    throw new DataError(`Unable to find document '${key}'`);
  return [{ name: 'pdomDoc', xml: document ?? '' }];
}

function getUserInfo({ login }: MethodContext, call: SoapCall): Result[] {
  arity(call, 0);
  return [{ name: 'pUserInfo', xml: userInfo(login) }];
}

function getServerTime({ now }: MethodContext, call: SoapCall): Result[] {
  arity(call, 0);
  return [{ name: 'ptsServerTime', type: 'xsd:dateTime', text: now.toISOString() }];
}

/** No option is set in the twin: value '' of type 0. */
function getOption(_: MethodContext, call: SoapCall): Result[] {
  arity(call, 1);
  return [
    { name: 'pstrValue', type: 'xsd:string', text: '' },
    { name: 'pbtType', type: 'xsd:byte', text: '0' },
  ];
}

function subscribeMethod({ database }: MethodContext, call: SoapCall): Result[] {
  const [services, content, create] = arity(call, 3);
  if (!/^(1|true|0|false)$/.test(create?.text ?? ''))
    throw invalidParameters(call.action, 'create is not a boolean');
  subscribe(database, services?.text ?? '', onlyChild(call, content), /^(1|true)$/.test(create?.text ?? ''));
  return [];
}

function unsubscribeMethod({ database }: MethodContext, call: SoapCall): Result[] {
  const [services, content] = arity(call, 2);
  unsubscribe(database, services?.text ?? '', onlyChild(call, content));
  return [];
}

/** What a logon and GetUserInfo tell about the operator. */
export function userInfo(login: string): string {
  return element(
    'userInfo',
    {
      login,
      loginCS: login,
      loginId: '1059',
      locale: 'en',
      instanceLocale: 'en',
      timezone: 'UTC',
      orgUnitId: '0',
    },
    element('login-right', { right: 'admin' }) +
      element('installed-package', { name: 'core', namespace: 'nms' }),
  );
}

/** The parameters, of which there must be exactly so many. */
export function arity(call: SoapCall, count: number): XmlElement[] {
  if (call.parameters.length !== count)
    throw invalidParameters(call.action, `${count} parameters expected, ${call.parameters.length} given`);
  return call.parameters;
}

function onlyChild(call: SoapCall, parameter: XmlElement | undefined): XmlElement {
  const [document, ...more] = parameter?.children ?? [];
  if (!document || more.length > 0)
    throw invalidParameters(call.action, 'The parameter must hold one XML document');
  checkNamespace(call, document);
  return document;
}

function checkNamespace(call: SoapCall, xml: XmlElement): void {
  if (xml.uri !== '' && xml.uri !== `urn:${call.service}`)
    throw invalidParameters(call.action, `Element '${xml.local}' is in namespace '${xml.uri}'`);
  for (const child of xml.children) checkNamespace(call, child);
}
