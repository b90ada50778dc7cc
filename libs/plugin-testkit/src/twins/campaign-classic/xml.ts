import { SaxesParser, SaxesTagNS } from 'saxes';

export interface XmlElement {
  local: string;
  uri: string;
  /** Attributes without a namespace, by name; namespaced ones by `{uri}local`. */
  attributes: Map<string, string>;
  children: XmlElement[];
  text: string;
}

/** The text is not the XML that SOAP allows. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

const XMLNS = 'http://www.w3.org/2000/xmlns/';
const MAX_DEPTH = 64;

/** Parses UTF-8 bytes: well-formed, namespace-correct, no DTD, no processing instruction, no undeclared entity. */
export function parseXml(bytes: Uint8Array): XmlElement {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new XmlError('The message is not valid UTF-8');
  }
  const parser = new SaxesParser({ xmlns: true, position: true });
  const stack: XmlElement[] = [];
  let root: XmlElement | undefined;
  const refuse = (what: string): never => {
    throw new XmlError(`(${parser.line}:${parser.column}) : ${what}`);
  };
  const addText = (value: string): void => {
    const top = stack.at(-1);
    if (top) top.text += value;
  };
  parser.on('error', (error) => refuse(error.message));
  parser.on('doctype', () => refuse('A document type declaration is not allowed'));
  parser.on('processinginstruction', () => refuse('A processing instruction is not allowed'));
  parser.on('xmldecl', (declaration) => {
    if (declaration.encoding && declaration.encoding.toUpperCase() !== 'UTF-8')
      refuse(`Encoding ${declaration.encoding} is not accepted`);
  });
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('opentag', (tag) => {
    const element = toElement(tag);
    if (stack.length >= MAX_DEPTH) refuse('Too many nested elements');
    const parent = stack.at(-1);
    if (parent) parent.children.push(element);
    else root = element;
    stack.push(element);
  });
  parser.on('closetag', () => void stack.pop());
  parser.write(text).close();
  return root ?? refuse('No root element');
}

function toElement(tag: SaxesTagNS): XmlElement {
  const attributes = new Map<string, string>();
  for (const { uri, local, value } of Object.values(tag.attributes)) {
    if (uri !== XMLNS) attributes.set(uri === '' ? local : `{${uri}}${local}`, value);
  }
  return { local: tag.local, uri: tag.uri, attributes, children: [], text: '' };
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Escapes for text and attribute values. */
export function escapeXml(value: string): string {
  return value.replace(/[&<>"\t\n\r]/g, (char) => ESCAPES[char] ?? `&#${char.charCodeAt(0)};`);
}

/** An element as text; `children` are already XML. */
export function element(name: string, attributes: Record<string, string>, children = ''): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  return `<${name}${list.join('')}${children === '' ? '/>' : `>${children}</${name}>`}`;
}
