import { sequence } from './sequences';
import { bail, spend } from './signals';

/** What a matcher tells of a match; JSONata lets a function of the expression take the place of a regular expression. */
interface Match {
  match: string;
  start: number;
  end: number;
  groups: (string | undefined)[];
  next?: () => Match | undefined;
}

type Matcher = ((text: string, from?: number) => Match | undefined) & { arity?: number; pattern?: RegExp };

/** A regular expression as a value. */
export function matcher(pattern: RegExp): Matcher {
  const own = new RegExp(pattern);
  const find: Matcher = (text, from = 0) => {
    if (!isText(text) || typeof from !== 'number') return bail();
    const found = exec(own, text, from);
    if (!found) return undefined;
    const next = (): Match | undefined => {
      if (own.lastIndex >= text.length) return undefined;
      const following = find(text, own.lastIndex);
      return following?.match === '' ? bail() : following;
    };
    return { ...found, next };
  };
  find.arity = 2;
  find.pattern = own;
  return find;
}

function exec(pattern: RegExp, text: string, from: number): Match | undefined {
  spend(10);
  pattern.lastIndex = from;
  const found = pattern.exec(text);
  if (!found) return undefined;
  const [match] = found;
  return { match, start: found.index, end: found.index + match.length, groups: found.slice(1) };
}

/** All matches one after the other, up to `limit`. */
function* matches(pattern: unknown, text: string, limit = Infinity): Generator<Match> {
  // Only a matcher of a regular expression is followed: what others return is for stock code to judge.
  const own = typeof pattern === 'function' ? (pattern as Matcher).pattern : undefined;
  if (!own) return bail();
  let found = limit > 0 ? exec(own, text, 0) : undefined;
  for (let count = 1; found; count++) {
    const after = own.lastIndex;
    yield found;
    if (after >= text.length) return;
    found = exec(own, text, after);
    // It would never get on.
    if (found?.match === '') bail();
    if (count >= limit) return;
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';

const isPattern = (value: unknown): boolean =>
  value === undefined || isText(value) || typeof value === 'function';

function limitOf(value: unknown): number {
  if (value === undefined) return Infinity;
  return typeof value === 'number' && value >= 0 ? value : bail();
}

export function contains(text: unknown, pattern: unknown): unknown {
  if (text !== undefined && !isText(text)) bail();
  if (!isPattern(pattern)) bail();
  if (text === undefined || pattern === undefined) return undefined;
  if (isText(pattern)) return (text as string).includes(pattern);
  for (const _ of matches(pattern, text as string)) return true;
  return false;
}

export function match(text: unknown, pattern: unknown, limit?: unknown): unknown {
  if (typeof pattern !== 'function' || (text !== undefined && !isText(text))) bail();
  const most = limitOf(limit);
  if (text === undefined) return undefined;
  const found = [...matches(pattern, text as string, most)];
  return sequence(
    found.map(({ match: matched, start, groups }) => ({ match: matched, index: start, groups })),
  );
}

export function split(text: unknown, separator: unknown, limit?: unknown): unknown {
  if (text !== undefined && !isText(text)) bail();
  if (!isPattern(separator)) bail();
  const most = limitOf(limit);
  if (text === undefined) return undefined;
  const whole = text as string;
  if (most === 0) return [];
  if (isText(separator)) {
    const parts = most === Infinity ? whole.split(separator) : whole.split(separator, most);
    spend(parts.length);
    return parts;
  }
  const parts: string[] = [];
  let from = 0;
  for (const { start, end } of matches(separator, whole, most)) {
    parts.push(whole.substring(from, start));
    from = end;
  }
  if (parts.length < most) parts.push(whole.substring(from));
  return parts;
}

export function replace(text: unknown, pattern: unknown, by: unknown, limit?: unknown): unknown {
  if (text !== undefined && !isText(text)) bail();
  if (!isPattern(pattern) || !isPattern(by)) bail();
  const most = limitOf(limit);
  if (text === undefined) return undefined;
  const whole = text as string;
  if (pattern === '') bail();
  if (isText(pattern)) return isText(by) ? replaceText(whole, pattern, by, most) : bail();
  if (by === undefined) bail();
  let result = '';
  let from = 0;
  for (const found of matches(pattern, whole, most)) {
    const part = isText(by)
      ? substituted(by, found)
      : (by as (value: Match) => unknown)({ ...found, next: bail });
    if (!isText(part)) bail();
    result += whole.substring(from, found.start) + (part as string);
    from = found.end;
  }
  return result + whole.substring(from);
}

function replaceText(whole: string, pattern: string, by: string, most: number): string {
  if (most === Infinity) return whole.split(pattern).join(by);
  const parts = whole.split(pattern);
  const cuts = Math.min(Math.ceil(most), parts.length - 1);
  return (
    parts.slice(0, cuts + 1).join(by) +
    parts
      .slice(cuts + 1)
      .map((part) => pattern + part)
      .join('')
  );
}

/** `$1` and the like, as the language's reference says. */
function substituted(by: string, { match: whole, groups }: Match): string {
  // What two digits mean depends on how many groups there are.
  if (groups.length > 9) bail();
  return by.replace(/\$([$0-9])?/g, (_said, what: string | undefined) => {
    if (what === undefined || what === '$') return '$';
    return what === '0' ? whole : (groups[Number(what) - 1] ?? '');
  });
}
