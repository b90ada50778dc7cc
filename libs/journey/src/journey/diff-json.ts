import { at } from '@percorso/segmentation';

/** One place where two documents differ. A list is compared item by item, by place. */
export interface Change {
  pointer: string;
  kind: 'added' | 'removed' | 'changed';
  before?: unknown;
  after?: unknown;
}

/** Every place where `after` differs from `before`, as deep as they are alike, in reading order. */
export function diffJson(before: unknown, after: unknown, pointer = ''): Change[] {
  if (isHolder(before) && isHolder(after) && Array.isArray(before) === Array.isArray(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) => {
      const place = at(pointer, name);
      if (!Object.hasOwn(after, name))
        return [{ pointer: place, kind: 'removed' as const, before: before[name] }];
      if (!Object.hasOwn(before, name))
        return [{ pointer: place, kind: 'added' as const, after: after[name] }];
      return diffJson(before[name], after[name], place);
    });
  }
  return Object.is(before, after) ? [] : [{ pointer, kind: 'changed', before, after }];
}

const isHolder = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object';
