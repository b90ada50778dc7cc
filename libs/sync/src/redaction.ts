import { pointerStep } from '@percorso/access';
import type { FieldPath } from '@percorso/profile';

/** In the place of what the reader may not see. */
export const HIDDEN = '•••';

export interface Redacted {
  value: unknown;
  /** RFC 6901 pointers of what is hidden. */
  hidden: string[];
}

/** Whether a key may be shown; one that a mapping computed may name a person. */
export type ShowsKey = (key: string) => boolean;

/** Keys that stand in an expression as texts, and so say nothing of a person. */
export const keysIn =
  (expression: string | undefined): ShowsKey =>
  (key) =>
    expression !== undefined && (expression.includes(`"${key}"`) || expression.includes(`'${key}'`));

/** `value` with its shape and nothing else. */
export const hideAll = (value: unknown, showsKey: ShowsKey): Redacted => redact(value, undefined, showsKey);

/** `value` without what comes out otherwise in `other`: what is the same in both does not depend on what was left out. */
export const hideDiffering = (value: unknown, other: unknown, showsKey: ShowsKey): Redacted =>
  redact(value, { is: other }, showsKey);

/** A copy of `document` without some fields. */
export function withoutFields(document: object, paths: readonly FieldPath[]): object {
  const copy = structuredClone(document) as Record<string, unknown>;
  for (const path of paths) {
    let place: unknown = copy;
    for (const name of path.slice(0, -1)) place = isRecord(place) ? place[name] : undefined;
    const last = path.at(-1);
    if (isRecord(place) && last !== undefined) delete place[last];
  }
  return copy;
}

/** Text without the values of a payload: providers like to quote what they refuse. */
export function hideQuoted(text: string | null, payload: unknown): string | null {
  if (text === null) return null;
  return leavesOf(payload)
    .filter((leaf) => leaf.length >= LEAST_QUOTED)
    .sort((one, other) => other.length - one.length)
    .reduce((shown, leaf) => shown.replaceAll(leaf, HIDDEN), text);
}

const LEAST_QUOTED = 3;

function redact(value: unknown, other: { is: unknown } | undefined, showsKey: ShowsKey): Redacted {
  const hidden: string[] = [];
  const walk = (one: unknown, same: { is: unknown } | undefined, pointer: string): unknown => {
    if (Array.isArray(one)) {
      const match = same && Array.isArray(same.is) && same.is.length === one.length ? same.is : undefined;
      return one.map((item, index) => walk(item, match && { is: match[index] }, `${pointer}/${index}`));
    }
    if (isRecord(one)) {
      const match = same && isRecord(same.is) ? same.is : undefined;
      return Object.fromEntries(
        Object.entries(one).map(([key, item], index) => {
          const known = match && Object.hasOwn(match, key);
          const shown = known || showsKey(key) ? key : `${HIDDEN}${index}`;
          return [shown, walk(item, known ? { is: match[key] } : undefined, pointer + pointerStep(shown))];
        }),
      );
    }
    if (one === null || one === undefined || (same && same.is === one)) return one;
    hidden.push(pointer);
    return HIDDEN;
  };
  return { value: walk(value, other, ''), hidden };
}

function leavesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(leavesOf);
  if (isRecord(value)) return Object.values(value).flatMap(leavesOf);
  return value === null || value === undefined || typeof value === 'boolean' ? [] : [String(value)];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
