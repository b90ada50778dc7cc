import { SaxesParser } from 'saxes';

/** What XML 1.0 can carry; other characters have no escaped form either. */
const NOT_XML =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

export function isXmlText(text: string): boolean {
  return !NOT_XML.test(text);
}

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** Text for an attribute in quotes or for an element; the caller has checked `isXmlText`. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"'\t\n\r]/g, (character) => ESCAPES[character] ?? character);
}

export interface XmlElement {
  /** Without its namespace prefix. */
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
  text: string;
}

/** A namespaced document as a tree; undefined when the text is not well-formed XML. */
export function parseXml(text: string): XmlElement | undefined {
  const parser = new SaxesParser({ xmlns: true });
  const root: XmlElement = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  let broken = false;
  const top = (): XmlElement => open.at(-1) ?? root;
  parser.on('error', () => (broken = true));
  // Entities of its own could make a small answer grow without bound.
  parser.on('doctype', () => (broken = true));
  parser.on('opentag', (tag) => {
    const attributes = Object.values(tag.attributes).map(({ local, value }) => [local, value] as const);
    const element = { name: tag.local, attributes: Object.fromEntries(attributes), children: [], text: '' };
    top().children.push(element);
    open.push(element);
  });
  parser.on('text', (content) => (top().text += content));
  parser.on('cdata', (content) => (top().text += content));
  parser.on('closetag', () => void open.pop());
  try {
    parser.write(text).close();
  } catch {
    return undefined;
  }
  return broken ? undefined : root.children[0];
}

/** The first element named `name`, the element itself included. */
export function findElement(element: XmlElement | undefined, name: string): XmlElement | undefined {
  if (!element || element.name === name) return element;
  for (const child of element.children) {
    const found = findElement(child, name);
    if (found) return found;
  }
  return undefined;
}
