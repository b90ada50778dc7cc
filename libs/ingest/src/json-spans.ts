/** A value's bytes inside a JSON text: `[start, end)`. */
export interface Span {
  start: number;
  end: number;
}

export interface MemberSpan extends Span {
  key: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/*
 * Everything here expects UTF-8 bytes that JSON.parse has accepted, and so only finds boundaries. It lets a request's
 * items be stored as the very bytes that came in: nothing is written out again, no nesting is too deep to copy.
 */

function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while ((bytes[at] ?? COMMA) <= 0x20) at++;
  return at;
}

function stringEnd(bytes: Buffer, start: number): number {
  let at = start + 1;
  for (let byte = bytes[at]; byte !== QUOTE; byte = bytes[at]) at += byte === BACKSLASH ? 2 : 1;
  return at + 1;
}

function containerEnd(bytes: Buffer, start: number): number {
  let depth = 0;
  let at = start;
  do {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = stringEnd(bytes, at);
      continue;
    }
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth--;
    at++;
  } while (depth > 0);
  return at;
}

function valueEnd(bytes: Buffer, start: number): number {
  const first = bytes[start];
  if (first === QUOTE) return stringEnd(bytes, start);
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return containerEnd(bytes, start);
  let at = start;
  for (let byte = bytes[at]; byte !== undefined && byte > 0x20; byte = bytes[at]) {
    if (byte === COMMA || byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) break;
    at++;
  }
  return at;
}

/** Where the text's single value begins, past a byte order mark and white space. */
export function valueStart(bytes: Buffer): number {
  return skipSpace(bytes, bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0);
}

/** The members of the object that begins at `start`, in the order written, repeated keys included. */
export function memberSpans(bytes: Buffer, start: number): MemberSpan[] {
  const members: MemberSpan[] = [];
  let at = skipSpace(bytes, start + 1);
  while (bytes[at] !== CLOSE_OBJECT) {
    const keyEnd = stringEnd(bytes, at);
    const key = JSON.parse(bytes.toString('utf8', at, keyEnd)) as string;
    const from = skipSpace(bytes, skipSpace(bytes, keyEnd) + 1);
    const end = valueEnd(bytes, from);
    members.push({ key, start: from, end });
    at = skipSpace(bytes, end);
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1);
  }
  return members;
}

/** The elements of the array that begins at `start`. */
export function elementSpans(bytes: Buffer, start: number): Span[] {
  const elements: Span[] = [];
  let at = skipSpace(bytes, start + 1);
  while (bytes[at] !== CLOSE_ARRAY) {
    const end = valueEnd(bytes, at);
    elements.push({ start: at, end });
    at = skipSpace(bytes, end);
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1);
  }
  return elements;
}
