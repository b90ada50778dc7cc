import { element, escapeXml, parseXml, XmlElement, XmlError } from './xml';
import { invalidMessage, invalidParameters, SoapFault } from './soap-fault';

export const SOAP_ENV = 'http://schemas.xmlsoap.org/soap/envelope/';
const ENCODING = 'http://schemas.xmlsoap.org/soap/encoding/';
const LITERAL = 'http://xml.apache.org/xml-soap/literalxml';

export interface SoapCall {
  /** As in the SOAPAction header, `xtk:persist#Write`. */
  action: string;
  service: string;
  method: string;
  /** Content of the leading sessiontoken element. */
  sessionToken: string;
  /** The parameters after it, by position. */
  parameters: XmlElement[];
}

export interface SoapHttpHeaders {
  contentType: string | undefined;
  soapAction: string | undefined;
  /** `soapAction` of the query string, which Adobe's client adds. */
  queryAction: string | null;
}

/** Reads a call; anything that is not the documented message is a Client fault. */
export function readCall(headers: SoapHttpHeaders, body: Buffer): SoapCall {
  const action = (headers.soapAction ?? '').replace(/^"(.*)"$/, '$1');
  if (action === '') throw invalidMessage(action, 'The SOAPAction header is missing');
  const [, service = '', method = ''] = /^([\w:|]+)#(\w+)$/.exec(action) ?? [];
  if (method === '') throw invalidMessage(action, 'The SOAPAction header is not <schema>#<method>');
  if (headers.queryAction !== null && headers.queryAction !== action)
    throw invalidMessage(action, 'soapAction in the address and SOAPAction header differ');
  checkContentType(action, headers.contentType);
  const call = bodyElement(action, parse(action, body));
  if (call.local !== method || call.uri !== `urn:${service}`)
    throw invalidMessage(action, `Body is {${call.uri}}${call.local} but SOAPAction is ${action}`);
  const [token, ...parameters] = call.children;
  if (!token || !/^(__)?sessiontoken$/.test(token.local) || token.children.length > 0)
    throw invalidParameters(action, 'The first parameter is not sessiontoken');
  if (![token, ...parameters].every((one) => one.uri === '' || one.uri === call.uri))
    throw invalidMessage(action, 'A parameter is in a foreign namespace');
  return { action, service, method, sessionToken: token.text.trim(), parameters };
}

function checkContentType(action: string, contentType: string | undefined): void {
  const [type = '', ...rest] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset =
    rest
      .find((part) => part.startsWith('charset='))
      ?.slice(8)
      .replace(/"/g, '') ?? 'utf-8';
  if (type !== 'text/xml' && type !== 'application/soap+xml')
    throw invalidMessage(action, `Content-Type '${contentType ?? ''}' is not text/xml`);
  if (charset !== 'utf-8') throw invalidMessage(action, `Charset '${charset}' is not accepted`);
}

function parse(action: string, body: Buffer): XmlElement {
  try {
    return parseXml(body);
  } catch (error) {
    if (error instanceof XmlError) throw invalidMessage(action, error.message);
    throw error;
  }
}

function bodyElement(action: string, envelope: XmlElement): XmlElement {
  if (envelope.local !== 'Envelope' || envelope.uri !== SOAP_ENV)
    throw invalidMessage(action, 'The root is not a SOAP 1.1 Envelope');
  const parts = envelope.children;
  const body = parts.at(-1);
  const header = parts.length === 2 ? parts[0] : undefined;
  if (!body || parts.length > 2 || body.local !== 'Body' || body.uri !== SOAP_ENV)
    throw invalidMessage(action, 'The Envelope must hold an optional Header and one Body');
  if (header && (header.local !== 'Header' || header.uri !== SOAP_ENV))
    throw invalidMessage(action, 'What precedes the Body is not a SOAP Header');
  const [call, ...more] = body.children;
  if (!call || more.length > 0) throw invalidMessage(action, 'The Body must hold exactly one element');
  return call;
}

/** A returned value: text of an XSD type, or an XML document. */
export type Result = { name: string; type: string; text: string } | { name: string; xml: string };

/** The answer to a call that worked. */
export function writeResponse(call: SoapCall, results: Result[]): string {
  const values = results.map((result) =>
    'xml' in result
      ? element(result.name, { 'xsi:type': 'ns:Element', 'SOAP-ENV:encodingStyle': LITERAL }, result.xml)
      : element(result.name, { 'xsi:type': result.type }, escapeXml(result.text)),
  );
  return envelope(
    element(
      `${call.method}Response`,
      { xmlns: `urn:${call.service}`, 'SOAP-ENV:encodingStyle': ENCODING },
      values.join('') || '\n',
    ),
  );
}

export function writeFault(fault: SoapFault): string {
  const text = (name: string, value: string): string =>
    element(name, { 'xsi:type': 'xsd:string' }, escapeXml(value));
  return envelope(
    `<SOAP-ENV:Fault><faultcode>${escapeXml(fault.faultcode)}</faultcode>` +
      `${text('faultstring', fault.faultstring)}${text('detail', fault.detail)}</SOAP-ENV:Fault>`,
  );
}

function envelope(content: string): string {
  return (
    `<?xml version='1.0' encoding='UTF-8'?>` +
    `<SOAP-ENV:Envelope xmlns:xsd='http://www.w3.org/2001/XMLSchema' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'` +
    ` xmlns:ns='http://xml.apache.org/xml-soap' xmlns:SOAP-ENV='${SOAP_ENV}'>` +
    `<SOAP-ENV:Body>${content}</SOAP-ENV:Body></SOAP-ENV:Envelope>`
  );
}
